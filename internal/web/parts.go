package web

import (
	"context"
	"encoding/json"
	"time"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/internal/secret"
)

// Parts are what an [API] asks.
type Parts struct {
	Auth   Authenticator
	Engine Engine
	Audit  Auditor
	Keys   Keys
	Work   Work
	Desk   Desk
	Drills Rehearser
	Lab    Lab
	Bench  Bench
	// Changes are how a policy comes into force without the configuration.
	Changes PolicyDesk
	// Outreach is how people are reached.
	Outreach Outreach
}

// Keys are the credentials of machines and people. What is done to them stands in the audit log when it is done, by whoever keeps them.
// They are safe for concurrent use.
type Keys interface {
	// CreateToken makes a token, and gives its text this once.
	CreateToken(ctx context.Context, by tocsin.Principal, q tocsin.TokenRequest) (secret.Value, tocsin.APIToken, error)
	// RevokeToken ends one. One that has ended is an [tocsin.ErrNotFound].
	RevokeToken(ctx context.Context, by tocsin.Principal, id, request string) error
	// ChangePerson gives a person grants in place of those given before, and disables them or not.
	ChangePerson(ctx context.Context, by tocsin.Principal, id string, grants []tocsin.Grant, disabled bool, request string) error
	// SignOut ends all sessions of a person.
	SignOut(ctx context.Context, by tocsin.Principal, person, request string) error
}

// Work is what the service has to do in the background. It is safe for concurrent use.
type Work interface {
	// Undone gives what waits, is being done or is parked, oldest first.
	Undone(ctx context.Context) ([]Job, error)
	// Retry has a parked job done again. One that is not there is an [tocsin.ErrNotFound].
	Retry(ctx context.Context, id int64) error
}

// A Job is one that is not done.
type Job struct {
	ID   int64           `json:"id"`
	Kind string          `json:"kind"`
	Args json.RawMessage `json:"args"`
	// State is waiting, planned, running or parked.
	State    string `json:"state"`
	Attempts int    `json:"attempts"`
	// At is when it is due, or was begun.
	At time.Time `json:"at"`
	// Error is what the last attempt failed of.
	Error string `json:"error,omitempty"`
}
