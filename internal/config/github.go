package config

import (
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
	var err error
	where, fromFile, fromEnv := f.GitHub.Token.File, f.GitHub.Token.File, f.GitHub.Token.Env
	switch {
	case fromFile.IsSet() && fromEnv.IsSet():
		l.fault(fromEnv, "github: token: give file: or env:, not both")
	case credential().MatchString(fromFile.V) || credential().MatchString(fromEnv.V) || fromEnv.IsSet() && !variable().MatchString(fromEnv.V):
		if fromEnv.IsSet() {
			where = fromEnv
		}
		l.fault(where, "github: token: want the name of a file or of an environment variable, never the token itself")
	case fromFile.IsSet():
		c.GitHub.Token, err = secret.FromFile(l.path(fromFile.V))
	case fromEnv.IsSet():
		where = fromEnv
		c.GitHub.Token, err = secret.FromEnv(fromEnv.V)
	}
	if err != nil {
		l.fault(where, "github: token: %v", err)
	}
}
