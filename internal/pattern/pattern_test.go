package pattern_test

import (
	"sync"
	"testing"

	"github.com/tocsin-dev/tocsin/internal/pattern"
)

func TestLazy(t *testing.T) {
	broken := pattern.Lazy("(") // nobody asks
	digits := pattern.Lazy(`^[0-9]+$`)
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			if re := digits(); !re.MatchString("12") || re.MatchString("a") || re != digits() {
				t.Errorf("%v", re)
			}
		})
	}
	wg.Wait()
	defer func() {
		if recover() == nil {
			t.Error("an expression that is none was compiled")
		}
	}()
	broken()
}
