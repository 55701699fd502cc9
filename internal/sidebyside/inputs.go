package main

import (
	"bufio"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
)

// input is what is scanned, and how each program is told.
type input struct {
	name string
	path string
	// peer are the peer's words for it: -L for a file, -r for a folder.
	peer string
}

// inputs are one lockfile of two ecosystems, a large SBOM, and a folder of SBOMs.
func (b bench) inputs() ([]input, error) {
	big := b.path("merged-50k.cdx.json")
	if err := unpack(filepath.Join(b.corpus, "bench", "merged-50k.cdx.json.gz"), big); err != nil {
		return nil, err
	}
	folder := b.path("dir200")
	if err := b.folder(folder); err != nil {
		return nil, err
	}
	lockfiles := filepath.Join(b.corpus, "lockfiles", "open")
	return []input{
		{"go.mod, 127 packages", filepath.Join(lockfiles, "052-gomod-gogs-2021-12", "go.mod"), "-L"},
		{"package-lock.json", first(filepath.Join(lockfiles, "*-npm-package-lock.json-nodejs-goof-2026-*", "package-lock.json")), "-L"},
		{"CycloneDX, 50,000 packages", big, "-L"},
		{"folder of 200 SBOMs", folder, "-r"},
	}, nil
}

func first(pattern string) string {
	if list, err := filepath.Glob(pattern); err == nil && len(list) > 0 {
		return list[0]
	}
	return pattern
}

func unpack(from, to string) (err error) {
	f, err := os.Open(from)
	if err != nil {
		return err
	}
	defer f.Close()
	r, err := gzip.NewReader(f)
	if err != nil {
		return fmt.Errorf("opening %s: %w", from, err)
	}
	return write(to, r)
}

func write(to string, r io.Reader) error {
	f, err := os.Create(to)
	if err != nil {
		return err
	}
	_, err = io.Copy(f, r)
	return errors.Join(err, f.Close())
}

// folder copies the SBOMs that the corpus names for it.
func (b bench) folder(to string) error {
	if err := os.MkdirAll(to, 0o755); err != nil {
		return err
	}
	list, err := os.Open(filepath.Join(b.corpus, "bench", "dir200.txt"))
	if err != nil {
		return err
	}
	defer list.Close()
	for lines := bufio.NewScanner(list); lines.Scan(); {
		name := strings.TrimSpace(lines.Text())
		if name == "" {
			continue
		}
		body, err := os.ReadFile(filepath.Join(b.corpus, "sboms", "open", name))
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(to, name), body, 0o644); err != nil {
			return err
		}
	}
	return nil
}
