package drill

import (
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/incidents/drill"
	"github.com/tocsin-dev/tocsin/internal/yamlfile"
)

// Open loads a scenario by the name of a shipped one, or by path (ending in .yaml or .yml).
func Open(name string) (drill.Scenario, error) {
	var text []byte
	var err error
	if strings.HasSuffix(name, ".yaml") || strings.HasSuffix(name, ".yml") {
		text, err = read(name)
	} else {
		text, err = drill.Read(name)
		name += ".yaml"
	}
	if err != nil {
		return drill.Scenario{}, err
	}
	s, err := drill.Load(name, text)
	if err != nil {
		return drill.Scenario{}, err
	}
	if _, err = history(s, s.Moves); err != nil {
		return drill.Scenario{}, err
	}
	return s, nil
}

// OpenMoves loads what a team did in a scenario, from a file or, as "-", from a reader.
func OpenMoves(name string, stdin io.Reader, s drill.Scenario) (drill.Moves, error) {
	var text []byte
	var err error
	if name == "-" {
		text, err = bounded("standard input", stdin)
	} else {
		text, err = read(name)
	}
	if err != nil {
		return drill.Moves{}, err
	}
	return drill.LoadMoves(name, text, s)
}

func read(name string) ([]byte, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, fmt.Errorf("%w: reading a file of a drill: %w", tocsin.ErrInvalid, err)
	}
	defer f.Close()
	return bounded(name, f)
}

func bounded(name string, r io.Reader) ([]byte, error) {
	text, err := io.ReadAll(io.LimitReader(r, yamlfile.MaxSize+1))
	if err != nil {
		return nil, fmt.Errorf("%w: reading %s: %w", tocsin.ErrInvalid, name, err)
	}
	return text, nil
}
