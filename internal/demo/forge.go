package demo

import (
	"fmt"
	"time"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/internal/config"
	"github.com/tocsin-dev/tocsin/internal/githubtest"
)

// Bot is the account that Tocsin acts as, Token what it signs in with. They are worth nothing elsewhere.
const (
	Bot   = "tocsin-bot"
	Token = "demo-token-of-no-worth"
)

// Forge starts a GitHub on the loopback that has the portfolio's repositories, and gives its address. Its clock is now; nil: time.Now.
func Forge(projects []config.Project, now func() time.Time) (*githubtest.Server, string, error) {
	g := githubtest.New(githubtest.Options{Now: now})
	g.AddUser(Bot, Token)
	for _, person := range []string{"ada", "grace", "edsger", "barbara"} {
		g.AddUser(person, "")
	}
	repositories := []githubtest.Repository{{Name: Coordination, Private: true}}
	for _, p := range projects {
		repositories = append(repositories, githubtest.Repository{Name: p.Repository, Private: p.Visibility == tocsin.VisibilityPrivate})
	}
	for _, r := range repositories {
		r.Collaborators = map[string]githubtest.Permission{
			Bot: githubtest.Admin, "ada": githubtest.Write, "grace": githubtest.Write, "edsger": githubtest.Write, "barbara": githubtest.Write,
		}
		if err := g.AddRepository(r); err != nil {
			return nil, "", fmt.Errorf("setting up the demonstration's forge: %w", err)
		}
	}
	url, err := g.Start()
	if err != nil {
		return nil, "", fmt.Errorf("starting the demonstration's forge: %w", err)
	}
	return g, url, nil
}
