package pipeline

import "iter"

// readAhead is how many values wait between two stages. Records have a few kilobytes; the largest that is read has 16 MiB.
const readAhead = 32

// ahead runs a sequence in a goroutine of its own, so that making values and using them overlap. The goroutine has ended
// when the sequence has.
func ahead[T any](seq iter.Seq[T]) iter.Seq[T] {
	return func(yield func(T) bool) {
		values, stop, ended := make(chan T, readAhead), make(chan struct{}), make(chan struct{})
		go func() {
			defer close(ended)
			defer close(values)
			for v := range seq {
				select {
				case values <- v:
				case <-stop:
					return
				}
			}
		}()
		defer func() {
			close(stop)
			<-ended
		}()
		for v := range values {
			if !yield(v) {
				return
			}
		}
	}
}
