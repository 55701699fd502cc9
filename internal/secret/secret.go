// Package secret holds values that must not be shown: a token read from a file or the environment, which prints as
// "[redacted]" wherever it ends up by mistake.
package secret

import (
	"fmt"
	"os"
	"strings"

	"github.com/tocsin-dev/tocsin"
)

// maxSize bounds a secret file. A token has under a kilobyte.
const maxSize = 64 << 10

// A Value is a secret. The zero value is none.
type Value struct{ text string }

// New makes a secret of a text.
func New(text string) Value { return Value{text} }

// Reveal gives the text. Call it where the secret is used and nowhere else.
func (v Value) Reveal() string { return v.text }

// IsSet says whether there is one.
func (v Value) IsSet() bool { return v.text != "" }

func (v Value) String() string { return "[redacted]" }

// GoString keeps %#v from showing it.
func (v Value) GoString() string { return "[redacted]" }

// MarshalText keeps encoders from showing it.
func (v Value) MarshalText() ([]byte, error) { return []byte("[redacted]"), nil }

// FromEnv reads an environment variable. One that is not set is an [tocsin.ErrNotFound].
func FromEnv(name string) (Value, error) {
	v := strings.TrimSpace(os.Getenv(name))
	if v == "" {
		return Value{}, fmt.Errorf("environment variable %s is not set: %w", name, tocsin.ErrNotFound)
	}
	return Value{v}, nil
}

// FromFile reads a file, without the white space around its content.
func FromFile(path string) (Value, error) {
	info, err := os.Stat(path)
	if err != nil {
		return Value{}, fmt.Errorf("secret file %s: %w", path, tocsin.ErrNotFound)
	}
	if !info.Mode().IsRegular() || info.Size() > maxSize {
		return Value{}, fmt.Errorf("secret file %s: %w: want a regular file of at most %d bytes", path, tocsin.ErrInvalid, maxSize)
	}
	b, err := os.ReadFile(path)
	if err != nil {
		return Value{}, fmt.Errorf("secret file: %w", err)
	}
	if v := strings.TrimSpace(string(b)); v != "" {
		return Value{v}, nil
	}
	return Value{}, fmt.Errorf("secret file %s is empty: %w", path, tocsin.ErrInvalid)
}
