package store

import (
	"context"
	"fmt"
	"strings"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/internal/pattern"
)

// An IncidentQuery selects incidents, newest first. What is empty is any. Who may see which of them stands in their bodies: it is for
// the asker to leave out the rest, and to ask for more.
type IncidentQuery struct {
	// After is the key that the last page ended with.
	After   string
	Limit   int
	State   tocsin.IncidentState
	Urgency tocsin.Urgency
	// Alarms asks for emergencies and holds only.
	Alarms bool
	// Mentions leaves out those that cannot have a text in their names or ids, whatever its case. It is for the asker to look whether they do.
	Mentions string
	// Open asks for those that are not over, or that are; nil: for both.
	Open *bool
}

// plainText is one that JSON writes as it is, and that LIKE takes for at least itself.
var plainText = pattern.Lazy(`^[A-Za-z0-9 ._@/:-]+$`)

// IncidentPage gives some incidents.
func (s *Store) IncidentPage(ctx context.Context, q IncidentQuery) ([]tocsin.Incident, error) {
	c := conditions{}
	if q.After != "" { // incidents do not go away
		c.add(`(opened_at, key) < (SELECT opened_at, key FROM incidents WHERE key = ?)`, q.After)
	}
	c.equal(`state`, string(q.State))
	c.equal(`urgency`, string(q.Urgency))
	if plainText().MatchString(q.Mentions) {
		c.add(`LOWER(body) LIKE ?`, "%"+strings.ToLower(q.Mentions)+"%")
	}
	if q.Alarms {
		c.add(`urgency <> 'routine'`)
	}
	if q.Open != nil {
		c.add(map[bool]string{true: `state NOT IN `, false: `state IN `}[*q.Open] + `('resolved', 'reviewed', 'stood down', 'merged')`) // as IncidentState.Over
	}
	return list[tocsin.Incident](ctx, s.db, `SELECT body FROM incidents`+c.where()+` ORDER BY opened_at DESC, key DESC`+fmt.Sprintf(` LIMIT %d`, q.Limit), c.args...)
}

// RolledBack gives the incidents that decided to go back to a version, in force or not. They are few, and are not looked for by reading all.
func (s *Store) RolledBack(ctx context.Context) ([]tocsin.Incident, error) {
	return list[tocsin.Incident](ctx, s.db, `SELECT body FROM incidents WHERE body LIKE '%"rollbacks":[%' ORDER BY key`)
}

// An ActionQuery selects the newest revision of each action, by key. What is empty is any. As with an [IncidentQuery] it is for the
// asker to leave out what somebody may not see.
type ActionQuery struct {
	// After is the key that the last page ended with.
	After    string
	Limit    int
	Key      string
	Incident string
	State    tocsin.ActionState
}

// ActionPage gives some actions.
func (s *Store) ActionPage(ctx context.Context, q ActionQuery) ([]tocsin.ActionRow, error) {
	c := conditions{}
	c.add(`NOT EXISTS (SELECT 1 FROM actions newer WHERE newer.key = a.key AND newer.revision > a.revision)`)
	if q.After != "" {
		c.add(`a.key > ?`, q.After)
	}
	c.equal(`a.key`, q.Key)
	c.equal(`a.incident`, q.Incident)
	c.equal(`a.state`, string(q.State))
	return s.rows(ctx, actionColumns+c.where()+` ORDER BY a.key`+fmt.Sprintf(` LIMIT %d`, q.Limit), c.args...)
}

// Conditions are those of a statement, with their arguments.
type conditions struct {
	list []string
	args []any
}

// add adds one, with a ? for each argument.
func (c *conditions) add(condition string, args ...any) {
	for _, v := range args {
		c.args = append(c.args, v)
		condition = strings.Replace(condition, "?", fmt.Sprintf("$%d", len(c.args)), 1)
	}
	c.list = append(c.list, condition)
}

// equal has a column be a text that somebody asked for; "": anything.
func (c *conditions) equal(column, value string) {
	if value != "" {
		c.add(column+` = ?`, plain(value))
	}
}

func (c *conditions) where() string {
	if len(c.list) == 0 {
		return ""
	}
	return ` WHERE ` + strings.Join(c.list, ` AND `)
}

// Versions are those of all incidents, by key: what changed since they were last asked for has a higher one.
func (s *Store) Versions(ctx context.Context) (map[string]int, error) {
	rows, err := s.db.QueryContext(ctx, `SELECT key, version FROM incidents`)
	if err != nil {
		return nil, fmt.Errorf("reading the versions of incidents: %w", err)
	}
	defer rows.Close()
	out := map[string]int{}
	for rows.Next() {
		var key string
		var version int
		if err := rows.Scan(&key, &version); err != nil {
			return nil, fmt.Errorf("reading the versions of incidents: %w", err)
		}
		out[key] = version
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("reading the versions of incidents: %w", err)
	}
	return out, nil
}
