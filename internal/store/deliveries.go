package store

import (
	"context"
	"fmt"
	"time"
)

// deliveriesKept is how long it is known that a webhook was acted on. GitHub delivers again what is three days old at the most.
// https://docs.github.com/webhooks/testing-and-troubleshooting-webhooks/redelivering-webhooks
const deliveriesKept = 7 * 24 * time.Hour

// Delivered says whether a webhook was acted on, by the id of its delivery or the digest of its body.
func (s *Store) Delivered(ctx context.Context, id, body string) (yes bool, err error) {
	err = s.db.QueryRowContext(ctx, `SELECT EXISTS (SELECT 1 FROM deliveries WHERE id = $1) OR EXISTS (SELECT 1 FROM deliveries WHERE body = $2)`,
		plain(id), plain(body)).Scan(&yes)
	if err != nil {
		return false, fmt.Errorf("looking for delivery %s: %w", id, err)
	}
	return yes, nil
}

// NoteDelivery notes that a webhook was acted on. Twice is as good as once. Prune forgets it after a week.
func (s *Store) NoteDelivery(ctx context.Context, id, body string, at time.Time) error {
	err := s.write(ctx, `INSERT INTO deliveries (id, body, at) VALUES ($1, $2, $3) ON CONFLICT (id) DO NOTHING`, plain(id), plain(body), stamp(at))
	if err != nil {
		return fmt.Errorf("noting delivery %s: %w", id, err)
	}
	return nil
}
