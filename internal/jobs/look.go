package jobs

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/riverqueue/river"
	"github.com/riverqueue/river/rivertype"

	"github.com/tocsin-dev/tocsin"
)

// A State is what becomes of a job.
type State string

// The states.
const (
	Waiting State = "waiting" // to be done now
	Planned State = "planned" // to be done at a time, perhaps again
	Running State = "running"
	Parked  State = "parked" // given up until a person looks
)

// A Job is one that is not done.
type Job struct {
	ID       int64     `json:"id"`
	Kind     string    `json:"kind"`
	Args     string    `json:"args"`
	State    State     `json:"state"`
	Attempts int       `json:"attempts"`
	At       time.Time `json:"at"` // when it is due, or was begun
	// Error is what the last attempt failed of.
	Error string `json:"error,omitempty"`
}

var states = map[rivertype.JobState]State{
	rivertype.JobStateAvailable: Waiting, rivertype.JobStatePending: Waiting, rivertype.JobStateRunning: Running,
	rivertype.JobStateRetryable: Planned, rivertype.JobStateScheduled: Planned, rivertype.JobStateDiscarded: Parked,
}

// most is how many jobs are listed.
const most = 1000

// Undone lists what is to be done, is being done or is parked, oldest first, up to a thousand.
func (e *Engine) Undone(ctx context.Context) ([]Job, error) {
	var list []rivertype.JobState
	for s := range states {
		list = append(list, s)
	}
	found, err := e.client.JobList(ctx, river.NewJobListParams().States(list...).First(most))
	if err != nil {
		return nil, fmt.Errorf("listing jobs: %w", err)
	}
	var out []Job
	for _, j := range found.Jobs {
		one := Job{ID: j.ID, Kind: j.Kind, Args: string(j.EncodedArgs), State: states[j.State], Attempts: j.Attempt, At: j.ScheduledAt.UTC()}
		if j.State == rivertype.JobStateRunning && j.AttemptedAt != nil {
			one.At = j.AttemptedAt.UTC()
		}
		if one.State == Waiting && one.At.After(time.Now()) { // the engine calls it so when its time is near
			one.State = Planned
		}
		if n := len(j.Errors); n > 0 {
			one.Error = j.Errors[n-1].Error
		}
		out = append(out, one)
	}
	return out, nil
}

// Retry has a parked job done again, now. One that is not there is an [tocsin.ErrNotFound].
func (e *Engine) Retry(ctx context.Context, id int64) error {
	_, err := e.client.JobRetry(ctx, id)
	if errors.Is(err, river.ErrNotFound) {
		return fmt.Errorf("job %d: %w", id, tocsin.ErrNotFound)
	}
	if err != nil {
		return fmt.Errorf("retrying job %d: %w", id, err)
	}
	return nil
}
