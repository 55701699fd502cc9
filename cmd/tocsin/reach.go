package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"github.com/spf13/cobra"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/internal/app"
	"github.com/tocsin-dev/tocsin/scanner/reach"
)

const reachHelp = `also say which findings in Go modules the code calls, imports or only requires. This runs
the go command on the code: it is listed and type-checked, never run. Nothing is downloaded;
modules must be vendored or in the module cache. 5 minutes and 4 GiB at the most`

// govulncheckCommand is the process in which a Go module is looked into.
func govulncheckCommand() *cobra.Command {
	return &cobra.Command{
		Use: app.GovulncheckCommand, Hidden: true, Short: "Look into one Go module; what --reachability runs", Example: "  tocsin govulncheck -- -C folder -format json ./...",
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := reach.Govulncheck(cmd.Context(), args, cmd.OutOrStdout(), cmd.ErrOrStderr()); err != nil {
				return exit{exitUndecided, err}
			}
			return nil
		},
	}
}

// reachBefore looks into the base of a change, in a copy of it on disk. Where it cannot tell of the base what it could of the
// change, both are taken to be the same: a finding must not look worse for want of an answer.
func (e *exam) reachBefore(tree fs.FS, after []tocsin.Decision) func(context.Context, []tocsin.Finding) ([]tocsin.Finding, error) {
	type key struct{ name, class string }
	known := map[key]*tocsin.Reachability{}
	for _, d := range after {
		known[key{d.Finding.Package.Name, d.Finding.Class.ID}] = d.Finding.Reachability
	}
	return func(ctx context.Context, findings []tocsin.Finding) ([]tocsin.Finding, error) {
		if !slices.ContainsFunc(findings, func(f tocsin.Finding) bool { return f.Package.Ecosystem == "Go" }) {
			return findings, nil
		}
		out, err := findings, error(nil)
		if tree != nil {
			out, err = e.reachCopy(ctx, tree, findings)
		}
		for i, f := range out {
			r := known[key{f.Package.Name, f.Class.ID}]
			if r != nil && (f.Reachability == nil || f.Reachability.Reach == tocsin.ReachUnknown) {
				out[i].Reachability = r
			}
		}
		return out, err
	}
}

// reachCopy analyses a tree that is not on disk.
func (e *exam) reachCopy(ctx context.Context, tree fs.FS, findings []tocsin.Finding) ([]tocsin.Finding, error) {
	dir, err := os.MkdirTemp("", "tocsin-base-*")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir) // a copy
	if err := copyTree(ctx, dir, tree); err != nil {
		return nil, fmt.Errorf("copying the base: %w", err)
	}
	return app.Reach(e.records, dir)(ctx, findings)
}

// copyTree writes the files of a tree below dir, without links.
func copyTree(ctx context.Context, dir string, tree fs.FS) error {
	return fs.WalkDir(tree, ".", func(name string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case ctx.Err() != nil:
			return ctx.Err()
		case d.IsDir():
			return os.MkdirAll(filepath.Join(dir, filepath.FromSlash(name)), 0o700)
		case !d.Type().IsRegular():
			return nil
		}
		from, err := tree.Open(name)
		if err != nil {
			return err
		}
		defer from.Close() // read only
		to, err := os.OpenFile(filepath.Join(dir, filepath.FromSlash(name)), os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
		if err != nil {
			return err
		}
		_, err = io.Copy(to, from)
		return errors.Join(err, to.Close())
	})
}
