package config

import (
	"regexp"

	"github.com/tocsin-dev/tocsin/internal/pattern"
	"github.com/tocsin-dev/tocsin/internal/secret"
)

// variable is how an environment variable is called, credential what GitHub's tokens begin with.
var (
	variable   = pattern.Lazy(`^[A-Za-z_][A-Za-z0-9_]*$`)
	credential = pattern.Lazy(`^(gh[a-z]_|github_pat_|v1\.)`)
)

func (l *loader) github(f file, c *Config) {
	c.GitHub.API = f.GitHub.API.V
	if f.GitHub.API.IsSet() {
		l.place(f.GitHub.API, "github: api")
	}
	c.GitHub.Token = l.secret(f.GitHub.Token, "github: token", credential())
	c.GitHub.App = GitHubApp{ID: int64(f.GitHub.App.ID.V), Key: l.secret(f.GitHub.App.Key, "github: app: key", nothing())}
	switch app := c.GitHub.App; {
	case app.ID < 0 || app.ID == 0 && app.Key.IsSet():
		l.fault(f.GitHub.App.ID, "github: app: id: want the number of the App, from its settings")
	case app.ID > 0 && !app.Key.IsSet():
		l.fault(f.GitHub.App.ID, "github: app: key: is missing: its private key, as file: or env:")
	case app.ID > 0 && c.GitHub.Token.IsSet():
		l.fault(f.GitHub.App.ID, "github: give a token or an app, not both")
	}
	c.GitHub.WebhookSecret = l.secret(f.GitHub.WebhookSecret, "github: webhook_secret", nothing())
}

// secret reads what lies in a file or an environment variable. What looks like the secret itself is refused without being shown.
func (l *loader) secret(t token, key string, looksLike *regexp.Regexp) (v secret.Value) {
	var err error
	where := t.File
	switch {
	case t.File.IsSet() && t.Env.IsSet():
		l.fault(t.Env, "%s: give file: or env:, not both", key)
	case looksLike.MatchString(t.File.V) || looksLike.MatchString(t.Env.V) || t.Env.IsSet() && !variable().MatchString(t.Env.V):
		if t.Env.IsSet() {
			where = t.Env
		}
		l.fault(where, "%s: want the name of a file or of an environment variable, never the token itself", key)
	case t.File.IsSet():
		v, err = secret.FromFile(l.path(t.File.V))
	case t.Env.IsSet():
		where = t.Env
		v, err = secret.FromEnv(t.Env.V)
	}
	if err != nil {
		l.fault(where, "%s: %v", key, err)
	}
	return v
}
