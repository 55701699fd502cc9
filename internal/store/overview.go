package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/tocsin-dev/tocsin"
)

// Risks counts, for each day from one on, the findings that somebody may see and that asked at its end for more than to be watched.
func (s *Store) Risks(ctx context.Context, v Sight, from time.Time, days int) (out []tocsin.RiskDay, err error) {
	const day = int64(tocsin.Day / time.Microsecond)
	first := stamp(from.Truncate(tocsin.Day)) / day
	for i := range days {
		out = append(out, tocsin.RiskDay{Day: time.UnixMicro((first + int64(i)) * day).UTC()})
	}
	rows, err := s.db.QueryContext(ctx, fmt.Sprintf(`SELECT d.response, d.decided_at / %d, d.ended_at / %d, COUNT(*) FROM decisions d
		WHERE d.response IN ('emergency', 'hold', 'issue') AND %s AND (d.ended_at = 0 OR d.ended_at >= $2) AND d.decided_at < $3
		GROUP BY 1, 2, 3`, day, day, s.seesDecision(v, "d")), v.list(), first*day, (first+int64(days))*day)
	if err != nil {
		return nil, fmt.Errorf("counting what stood over time: %w", err)
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var response tocsin.Response
		var begun, ended int64
		var n int
		if err := rows.Scan(&response, &begun, &ended, &n); err != nil {
			return nil, fmt.Errorf("counting what stood over time: %w", err)
		}
		if ended == 0 {
			ended = first + int64(days)
		}
		for i := max(begun, first); i < min(ended, first+int64(days)); i++ {
			d := &out[i-first]
			switch response {
			case tocsin.ResponseEmergency:
				d.Emergency += n
			case tocsin.ResponseHold:
				d.Hold += n
			default:
				d.Issue += n
			}
		}
	}
	return out, rows.Err()
}

// Lately gives the newest events of all timelines since a time, the newest first, up to a limit.
func (s *Store) Lately(ctx context.Context, since time.Time, limit int) ([]tocsin.IncidentEvent, error) {
	return s.events(ctx, `WHERE at >= $1 ORDER BY at DESC, incident, seq DESC LIMIT $2`, stamp(since), limit)
}
