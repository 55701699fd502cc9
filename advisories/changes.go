package advisories

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/tocsin-dev/tocsin"
)

// Changes are what came since the base of an index was built. They are written as a layer before the base, so that a small
// sync costs what it changed, and not what is known.
type Changes struct {
	// Replaced are the ids that [Index.Reach] gives for those that changed, and for the aliases that they have now.
	Replaced []string
	// Before has the revisions of the replaced ids that are in the base, After those that stand now.
	Before, After *Builder
}

// Reach gives the ids and all that are of one class with one of them, by the base of the index: when a record changes, the
// classes around it are joined anew.
func (x *Index) Reach(ids []string) ([]string, error) {
	reached := map[string]bool{}
	for _, id := range ids {
		if reached[id] {
			continue
		}
		reached[id] = true
		_, c, _, err := x.base.classOf(id)
		if err != nil {
			return nil, fmt.Errorf("looking up %s: %w", id, err)
		}
		for _, alias := range c.Aliases {
			reached[alias] = true
		}
	}
	out := make([]string, 0, len(reached))
	for id := range reached {
		out = append(out, id)
	}
	slices.Sort(out)
	return out, nil
}

// Build writes the base of an index with the changes before it. What it gives is as if all had been built anew: the same
// findings, and the same snapshot id.
func (c Changes) Build(w io.Writer, x *Index, facts FactTables, info tocsin.Snapshot) (tocsin.Snapshot, error) {
	c.Before.settle()
	c.After.settle()
	l := newLayout(w)
	if err := x.copyBase(l); err != nil {
		return info, err
	}
	classes, err := c.After.write(l, changeSections)
	if err != nil {
		return info, err
	}
	l.section(changeSections[len(baseSections)], []byte(strings.Join(c.Replaced, "\n")))
	_, before := c.Before.groups()
	base := x.header.Base
	info.Records = base.Records - len(c.Before.members) + len(c.After.members)
	info.Classes = base.Classes - len(before) + classes
	total := base.Sum
	for r := range c.Before.revisions() {
		total.remove(r)
	}
	for r := range c.After.revisions() {
		total.add(r)
	}
	return finish(l, header{Snapshot: info, Base: base}, total, facts)
}

// copyBase copies the sections of the base.
func (x *Index) copyBase(l *layout) (err error) {
	var file io.ReaderAt = bytes.NewReader(x.blocks.data)
	if x.path != "" {
		f, err := os.Open(x.path)
		if err != nil {
			return fmt.Errorf("opening the base: %w", err)
		}
		defer func() { err = errors.Join(err, f.Close()) }()
		file = f
	}
	for _, s := range x.header.Sections[:len(baseSections)] {
		l.begin(s.Name)
		if err := x.blocks.copy(l, file, int(s.Offset), int(s.Offset+s.Size)); err != nil {
			return fmt.Errorf("copying section %s: %w", s.Name, err)
		}
	}
	return nil
}
