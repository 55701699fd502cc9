package jobs

import (
	"context"
	"fmt"
	"log/slog"
	"time"
)

// Each process says again and again that it lives, in the engine's table of clients, which the engine leaves empty. What a process that
// fell silent was doing is done by another, as an attempt that failed: the engine itself would know only when the job's time is over.
// Times are the database's, so the clocks of the processes need not agree.

// silence is after how many beats that did not come a process is taken for dead.
const silence = 3

type pulse struct {
	beat    string // with the process
	release string // with the error, and the seconds of silence
	forget  string // processes that have been dead for long
}

var pulses = map[bool]pulse{
	true: { // PostgreSQL
		beat: `INSERT INTO river_client (id, updated_at) VALUES ($1, clock_timestamp()) ON CONFLICT (id) DO UPDATE SET updated_at = EXCLUDED.updated_at`,
		release: `UPDATE river_job SET
	state = CASE WHEN attempt >= max_attempts THEN 'discarded'::river_job_state ELSE 'available' END,
	finalized_at = CASE WHEN attempt >= max_attempts THEN now() END,
	errors = array_append(errors, jsonb_build_object('at', now(), 'attempt', attempt, 'error', $1::text, 'trace', ''))
WHERE state = 'running' AND attempted_by[array_upper(attempted_by, 1)] IN
	(SELECT id FROM river_client WHERE updated_at < now() - make_interval(secs => $2))`,
		forget: `DELETE FROM river_client WHERE updated_at < now() - interval '1 day'`,
	},
	false: { // SQLite
		beat: `INSERT INTO river_client (id, updated_at) VALUES ($1, strftime('%Y-%m-%d %H:%M:%f', 'now')) ON CONFLICT (id) DO UPDATE SET updated_at = EXCLUDED.updated_at`,
		release: `UPDATE river_job SET
	state = CASE WHEN attempt >= max_attempts THEN 'discarded' ELSE 'available' END,
	finalized_at = CASE WHEN attempt >= max_attempts THEN datetime('now', 'subsec') END,
	errors = json_insert(coalesce(errors, json('[]')), '$[#]',
		json_object('at', strftime('%Y-%m-%dT%H:%M:%fZ', 'now'), 'attempt', attempt, 'error', $1, 'trace', ''))
WHERE state = 'running' AND json_extract(attempted_by, '$[#-1]') IN
	(SELECT id FROM river_client WHERE updated_at < strftime('%Y-%m-%d %H:%M:%f', 'now', '-' || $2 || ' seconds'))`,
		forget: `DELETE FROM river_client WHERE updated_at < strftime('%Y-%m-%d %H:%M:%f', 'now', '-1 day')`,
	},
}

// live beats until ctx ends, and releases what the dead were doing.
func (e *Engine) live(ctx context.Context) {
	last := time.Now()
	for tick := time.NewTicker(e.every); ; {
		select {
		case <-ctx.Done():
			tick.Stop()
			return
		case <-tick.C:
		}
		err := e.beat(ctx)
		// Who was held up itself, by a database that answered nobody, cannot tell the dead from the waiting.
		if late := time.Since(last) > 2*e.every; err == nil && !late {
			err = e.release(ctx)
		}
		if err != nil && ctx.Err() == nil {
			e.log.WarnContext(ctx, "the job engine could not say that it lives", "err", err)
		}
		last = time.Now()
	}
}

func (e *Engine) beat(ctx context.Context) error {
	_, err := e.where.DB.ExecContext(ctx, pulses[e.where.Postgres].beat, e.client.ID())
	if err != nil {
		return fmt.Errorf("noting that this process does jobs: %w", err)
	}
	return nil
}

func (e *Engine) release(ctx context.Context) error {
	done, err := e.where.DB.ExecContext(ctx, pulses[e.where.Postgres].release, "the process that did it ended in the midst of it", (silence * e.every).Seconds())
	if err != nil {
		return fmt.Errorf("releasing the jobs of processes that ended: %w", err)
	}
	if n, err := done.RowsAffected(); err == nil && n > 0 {
		e.log.InfoContext(ctx, "jobs of processes that ended are done again", slog.Int64("jobs", n))
	}
	if _, err := e.where.DB.ExecContext(ctx, pulses[e.where.Postgres].forget); err != nil {
		return fmt.Errorf("forgetting processes that ended: %w", err)
	}
	return nil
}
