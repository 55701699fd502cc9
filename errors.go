package tocsin

import (
	"errors"
	"fmt"
	"slices"
	"time"
)

// The kinds of error. Every error that leaves a package wraps at most one of them; anything else is internal.
var (
	// ErrInvalid: the input is wrong, and the text says where and what to do.
	ErrInvalid = errors.New("invalid")
	// ErrNotFound: the thing that was named does not exist.
	ErrNotFound = errors.New("not found")
	// ErrConflict: someone else changed it first; read again and retry.
	ErrConflict = errors.New("conflict")
	// ErrForbidden: the one who asks may not.
	ErrForbidden = errors.New("forbidden")
	// ErrUnauthenticated: nobody knows who asks.
	ErrUnauthenticated = errors.New("unauthenticated")
	// ErrLimited: it was tried too often; see [LimitedError].
	ErrLimited = errors.New("too many attempts")
	// ErrUnavailable: something that is needed for an answer is not there now; trying again later may help.
	ErrUnavailable = errors.New("unavailable")
)

// A LimitedError is an [ErrLimited] that says when to come back.
type LimitedError struct{ RetryAfter time.Duration }

func (e *LimitedError) Error() string {
	return fmt.Sprintf("%v: try again in %s", ErrLimited, e.RetryAfter.Round(time.Second))
}

func (e *LimitedError) Unwrap() error { return ErrLimited }

// A DeliveryError says what became of an attempt to carry out an [Action].
type DeliveryError struct {
	Outcome Outcome
	// RetryAfter is when the other side said to come back; zero if it did not say.
	RetryAfter time.Duration
	Err        error
}

// ErrPaced is within a [DeliveryError] where nothing was sent because enough was, or because somebody stopped it. What is of the same kind need
// not be tried now either.
var ErrPaced = errors.New("not sent now")

// Outcome of a failed delivery.
type Outcome string

// The outcomes.
const (
	// OutcomeTransient: nothing was done; trying again later may help.
	OutcomeTransient Outcome = "transient"
	// OutcomePermanent: nothing was done, and a person must change something first.
	OutcomePermanent Outcome = "permanent"
	// OutcomeUnclear: it may have been done. Look before trying again.
	OutcomeUnclear Outcome = "unclear"
)

func (e *DeliveryError) Error() string {
	if e.RetryAfter > 0 {
		return fmt.Sprintf("%s (retry after %s): %v", e.Outcome, e.RetryAfter, e.Err)
	}
	return fmt.Sprintf("%s: %v", e.Outcome, e.Err)
}

func (e *DeliveryError) Unwrap() error { return e.Err }

func oneOf[T ~string](what string, got T, want ...T) error {
	if slices.Contains(want, got) {
		return nil
	}
	return fmt.Errorf("%w: %s %q: want one of %q", ErrInvalid, what, got, want)
}
