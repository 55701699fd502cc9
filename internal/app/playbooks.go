package app

import (
	"errors"
	"fmt"
	"time"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/incidents/acceptance"
	"github.com/tocsin-dev/tocsin/incidents/playbooks"
)

// Playbooks are the shipped ones and those of files, by name, and what asks their criteria. A file takes the place of the shipped playbook of its
// name. The error joins everything that is wrong with any of them.
func Playbooks(paths []string) (map[string]tocsin.Playbook, func(tocsin.Incident, time.Time) []tocsin.Check, error) {
	books, err := playbooks.Shipped()
	errs, from := []error{err}, map[string]string{}
	for _, path := range paths {
		text, err := readRules("playbook", path)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		p, err := playbooks.Load(path, text)
		switch {
		case err != nil:
			errs = append(errs, err)
			continue
		case from[p.Name] != "":
			errs = append(errs, fmt.Errorf("%w: %s: %s has a playbook %s already", tocsin.ErrInvalid, path, from[p.Name], p.Name))
		}
		books[p.Name], from[p.Name] = p, path
	}
	set, err := acceptance.Compile(books)
	if err := errors.Join(append(errs, err)...); err != nil {
		return nil, nil, err
	}
	return books, set.Checks, nil
}

// Playbook loads one playbook from a file.
func Playbook(path string) (tocsin.Playbook, error) {
	text, err := readRules("playbook", path)
	if err != nil {
		return tocsin.Playbook{}, err
	}
	return playbooks.Load(path, text)
}
