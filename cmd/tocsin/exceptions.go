package main

import (
	"fmt"
	"io"

	"github.com/tocsin-dev/tocsin/internal/app"
	"github.com/tocsin-dev/tocsin/internal/pipeline"
	"github.com/tocsin-dev/tocsin/policies/exceptions"
)

// shownUnused is how many unused entries are shown one by one.
const shownUnused = 10

// unused says which exceptions were read and cannot be used, and why.
func unused(w io.Writer, f exceptions.File) {
	for i, p := range f.Unused {
		if i == shownUnused {
			break
		}
		fmt.Fprintln(w, "tocsin: exception not used:", printable(p.Error()))
	}
	if n := len(f.Unused) - shownUnused + f.MoreUnused; n > 0 {
		fmt.Fprintf(w, "tocsin: exceptions not used: %d more\n", n)
	}
}

// own uses the exceptions that the sources keep for themselves, if they are trusted; otherwise it says that they are there.
func (e *exam) own(sources []pipeline.Source, trusted bool) error {
	for i, src := range sources {
		if src.FS == nil {
			continue // it could not be opened, which the report says
		}
		if !trusted {
			for _, name := range exceptions.Find(src.FS) {
				fmt.Fprintf(e.cmd.ErrOrStderr(), "tocsin: %s in %s was not used: name it with --exceptions, or use --trust-tree\n", printable(name), printable(src.Origin))
			}
			continue
		}
		f, err := app.ExceptionsOf(src.FS, src.Origin, true, e.now)
		if err != nil {
			return err
		}
		unused(e.cmd.ErrOrStderr(), f)
		sources[i].Exceptions = f.Exceptions
	}
	return nil
}
