package store

import (
	"bufio"
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/klauspost/compress/zstd"

	"github.com/tocsin-dev/tocsin"
)

// tables are all that a backup has, what others refer to before them. The job engine's own are not among them: what is to be done
// is found again from what is here. Nor are sessions and the first link: who was signed in signs in again.
var tables = []string{
	"meta", "feeds", "feed_documents", "generations", "advisory_revisions", "projects", "components", "resolutions", "builds", "inventories",
	"decisions", "shadow_policies", "shadow_decisions", "incidents", "timeline", "actions", "approvals", "remotes",
	"people", "api_tokens", "audit", "deliveries", "heard", "notice_log", "silences", "drills", "policy_changes", "recounts",
}

// backupFormat is the first line of a backup.
const backupFormat = "tocsin-backup-1"

// backupHead says what a backup is of.
type backupHead struct {
	Format string    `json:"format"`
	Schema int64     `json:"schema"`
	At     time.Time `json:"at"`
}

// backupTable comes before the rows of a table.
type backupTable struct {
	Table   string   `json:"table"`
	Columns []string `json:"columns"`
	// Binary are the columns whose values are base64.
	Binary []bool `json:"binary"`
}

// backupTail is the last line.
type backupTail struct {
	Rows   int64  `json:"rows"`
	SHA256 string `json:"sha256"` // of all lines before it
}

// Backup writes all that the store has as it is at one moment, while it goes on being used: zstd over lines of JSON, the same
// from both databases. It says how many rows that were.
func (s *Store) Backup(ctx context.Context, w io.Writer, now time.Time) (rows int64, err error) {
	tx, err := s.db.BeginTx(ctx, &sql.TxOptions{ReadOnly: true, Isolation: s.dialect.still})
	if err != nil {
		return 0, fmt.Errorf("beginning the backup: %w", err)
	}
	defer func() { _ = tx.Rollback() }() // it read only
	version, err := s.schemaVersion()
	if err != nil {
		return 0, err
	}
	z, err := zstd.NewWriter(w)
	if err != nil {
		return 0, fmt.Errorf("starting zstd: %w", err)
	}
	b := &backup{out: bufio.NewWriter(z), sum: sha256.New()}
	b.line(backupHead{backupFormat, version, now})
	for _, t := range tables {
		if err := b.table(ctx, tx, t); err != nil {
			return 0, fmt.Errorf("backing up %s: %w", t, err)
		}
	}
	b.line(backupTail{b.rows, hex.EncodeToString(b.sum.Sum(nil))})
	if err := errors.Join(b.err, b.out.Flush(), z.Close()); err != nil {
		return 0, fmt.Errorf("writing the backup: %w", err)
	}
	return b.rows, nil
}

type backup struct {
	out  *bufio.Writer
	sum  hash.Hash
	rows int64
	err  error
}

func (b *backup) line(v any) {
	text, err := json.Marshal(v)
	text = append(text, '\n')
	b.sum.Write(text)
	_, written := b.out.Write(text)
	b.err = errors.Join(b.err, err, written)
}

func (b *backup) table(ctx context.Context, tx *sql.Tx, name string) error {
	rows, err := tx.QueryContext(ctx, `SELECT * FROM `+name) // one of ours
	if err != nil {
		return err
	}
	defer rows.Close()
	types, err := rows.ColumnTypes()
	if err != nil {
		return err
	}
	head := backupTable{Table: name}
	for _, c := range types {
		head.Columns = append(head.Columns, c.Name())
		head.Binary = append(head.Binary, slices.Contains([]string{"BLOB", "BYTEA"}, strings.ToUpper(c.DatabaseTypeName())))
	}
	b.line(head)
	values, into := make([]any, len(types)), make([]any, len(types))
	for i := range values {
		into[i] = &values[i]
	}
	for rows.Next() {
		if err := rows.Scan(into...); err != nil {
			return err
		}
		for i, v := range values {
			switch raw, ok := v.([]byte); {
			case head.Binary[i] && v != nil: // a text where SQLite was given one
				if !ok {
					raw = []byte(v.(string))
				}
				values[i] = base64.StdEncoding.EncodeToString(raw)
			case ok:
				values[i] = string(raw)
			}
		}
		b.rows++
		b.line(values)
		if b.err != nil {
			return b.err
		}
	}
	return rows.Err()
}

// maxLine bounds one row of a backup.
const maxLine = 1 << 30

// Restore reads a backup into a store that has nothing yet, in one transaction: all of it is there afterwards, or nothing. A backup
// that is damaged, or of another schema, is an [tocsin.ErrInvalid].
func (s *Store) Restore(ctx context.Context, r io.Reader) (rows int64, err error) {
	z, err := zstd.NewReader(r, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(maxBody))
	if err != nil {
		return 0, fmt.Errorf("starting zstd: %w", err)
	}
	defer z.Close()
	version, err := s.schemaVersion()
	if err != nil {
		return 0, err
	}
	err = s.transact(ctx, func(tx *sql.Tx) error {
		for _, t := range slices.Backward(tables) {
			var any bool
			if err := tx.QueryRowContext(ctx, `SELECT EXISTS (SELECT 1 FROM `+t+`)`).Scan(&any); err != nil {
				return err
			}
			if any {
				return fmt.Errorf("%w: the database is not empty (%s has rows): restore into a new one", tocsin.ErrInvalid, t)
			}
		}
		in := &restore{in: bufio.NewScanner(z), sum: sha256.New()}
		in.in.Buffer(nil, maxLine)
		if err := in.run(ctx, tx, version); err != nil {
			return err
		}
		rows = in.rows
		return s.dialect.settle(ctx, tx)
	})
	if err != nil {
		return 0, fmt.Errorf("restoring: %w", err)
	}
	return rows, nil
}

type restore struct {
	in   *bufio.Scanner
	sum  hash.Hash
	rows int64
}

func (r *restore) run(ctx context.Context, tx *sql.Tx, version int64) error {
	damaged := func(why string) error {
		return fmt.Errorf("%w: the backup is damaged at row %d: %s", tocsin.ErrInvalid, r.rows, why)
	}
	var head backupHead
	if !r.in.Scan() || json.Unmarshal(r.in.Bytes(), &head) != nil || head.Format != backupFormat {
		return fmt.Errorf("%w: this is no backup of tocsin", tocsin.ErrInvalid)
	}
	if head.Schema != version {
		return fmt.Errorf("%w: the backup has schema %d, this program %d: restore it with the program that wrote it, and migrate then", tocsin.ErrInvalid, head.Schema, version)
	}
	r.note()
	var table backupTable
	var insert *sql.Stmt
	for r.in.Scan() {
		line := r.in.Bytes()
		if len(line) > 0 && line[0] == '[' {
			if insert == nil {
				return damaged("a row before its table")
			}
			values, err := table.values(line)
			if err != nil {
				return damaged(err.Error())
			}
			if _, err := insert.ExecContext(ctx, values...); err != nil {
				return fmt.Errorf("row %d, in %s: %w", r.rows, table.Table, err)
			}
			r.rows++
			r.note()
			continue
		}
		if insert != nil {
			if err := insert.Close(); err != nil {
				return err
			}
		}
		var tail backupTail
		if json.Unmarshal(line, &tail) == nil && tail.SHA256 != "" {
			if tail.Rows != r.rows || tail.SHA256 != hex.EncodeToString(r.sum.Sum(nil)) || r.in.Scan() {
				return damaged("its checksum is wrong")
			}
			return r.in.Err()
		}
		table = backupTable{}
		if err := json.Unmarshal(line, &table); err != nil || !slices.Contains(tables, table.Table) || len(table.Columns) != len(table.Binary) || !plainNames(table.Columns) {
			return damaged("a line that is none of a backup")
		}
		r.note()
		var err error
		insert, err = tx.PrepareContext(ctx, `INSERT INTO `+table.Table+` (`+strings.Join(table.Columns, ", ")+`) VALUES (`+placeholders(0, len(table.Columns))+`)`)
		if err != nil {
			return fmt.Errorf("table %s: %w", table.Table, err)
		}
	}
	if err := r.in.Err(); err != nil {
		return damaged(err.Error())
	}
	return damaged("it ends before its end")
}

// note takes a line into the checksum.
func (r *restore) note() {
	r.sum.Write(r.in.Bytes())
	r.sum.Write([]byte("\n"))
}

// plainNames says whether names can be those of columns: a backup is a file that somebody may have written by hand.
func plainNames(list []string) bool {
	for _, n := range list {
		if n == "" || strings.Trim(n, "abcdefghijklmnopqrstuvwxyz_0123456789") != "" {
			return false
		}
	}
	return len(list) > 0
}

func (t backupTable) values(line []byte) ([]any, error) {
	var raw []json.RawMessage
	if err := json.Unmarshal(line, &raw); err != nil || len(raw) != len(t.Columns) {
		return nil, errors.New("a row with the wrong number of values")
	}
	out := make([]any, len(raw))
	for i, v := range raw {
		var text string
		var number int64
		switch {
		case string(v) == "null":
		case t.Binary[i]:
			var b []byte
			if err := json.Unmarshal(v, &b); err != nil {
				return nil, err
			}
			out[i] = b
		case json.Unmarshal(v, &number) == nil:
			out[i] = number
		case json.Unmarshal(v, &text) == nil:
			out[i] = text
		default:
			return nil, fmt.Errorf("column %s is neither number nor text", t.Columns[i])
		}
	}
	return out, nil
}
