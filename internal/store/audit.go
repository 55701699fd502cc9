package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/tocsin-dev/tocsin"
)

// Audit adds an entry to the audit log. Its id is the store's to give.
func (s *Store) Audit(ctx context.Context, e tocsin.AuditEntry) error {
	return s.transact(ctx, func(tx *sql.Tx) error { return audit(ctx, tx, e) })
}

// audit is for what is told and done in one transaction.
func audit(ctx context.Context, tx *sql.Tx, e tocsin.AuditEntry) error {
	detail, err := json.Marshal(e.Detail)
	if err != nil {
		return fmt.Errorf("encoding an entry of the audit log: %w", err)
	}
	_, err = tx.ExecContext(ctx, `INSERT INTO audit (at, kind, who, who_id, what, target, project, detail, request) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
		stamp(e.At), string(e.Kind), name(e.Who), name(e.WhoID), name(e.What), name(e.Target), name(e.Project), string(detail), name(e.Request))
	if err != nil {
		return fmt.Errorf("adding to the audit log: %w", err)
	}
	return nil
}

// An AuditQuery selects entries of the audit log, the newest first. Empty fields select all.
type AuditQuery struct {
	// Before, with BeforeID, is the time and id of the last entry of the page before.
	Before   time.Time
	BeforeID int64
	Since    time.Time
	WhoID    string
	Who      string // a name or an id
	What     string
	Target   string
	Project  string
	Limit    int // 0: all
	// Only are the slugs of the projects whose entries may be seen; nil: of all, and entries that are of no project.
	Only []string
}

// AuditLog gives entries of the audit log.
func (s *Store) AuditLog(ctx context.Context, q AuditQuery) ([]tocsin.AuditEntry, error) {
	only := Sight{All: q.Only == nil, Projects: map[string]bool{}}
	for _, slug := range q.Only {
		only.Projects[slug] = false
	}
	where, args := []string{s.sees(only, `project`), `at >= $2`}, []any{only.list(), stamp(q.Since)}
	if !q.Before.IsZero() {
		args = append(args, stamp(q.Before), q.BeforeID)
		where = append(where, `(at < $3 OR at = $3 AND id < $4)`)
	}
	if q.Who != "" {
		args = append(args, name(q.Who))
		where = append(where, fmt.Sprintf(`(who = $%d OR who_id = $%[1]d)`, len(args)))
	}
	for _, c := range []struct{ column, want string }{{"who_id", q.WhoID}, {"what", q.What}, {"target", q.Target}, {"project", q.Project}} {
		if c.want != "" {
			args = append(args, name(c.want))
			where = append(where, fmt.Sprintf(`%s = $%d`, c.column, len(args)))
		}
	}
	query := `SELECT id, at, kind, who, who_id, what, target, project, detail, request FROM audit WHERE ` + strings.Join(where, ` AND `) + ` ORDER BY at DESC, id DESC`
	if q.Limit > 0 {
		query += fmt.Sprintf(` LIMIT %d`, q.Limit)
	}
	return rowsOf(ctx, s, "the audit log", scanAudit, query, args...)
}

func scanAudit(row interface{ Scan(...any) error }) (tocsin.AuditEntry, error) {
	var e tocsin.AuditEntry
	var at int64
	var detail string
	if err := row.Scan(&e.ID, &at, &e.Kind, &e.Who, &e.WhoID, &e.What, &e.Target, &e.Project, &detail, &e.Request); err != nil {
		return e, err
	}
	e.At = moment(at)
	return e, json.Unmarshal([]byte(detail), &e.Detail)
}
