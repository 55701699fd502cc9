package main

import (
	"archive/zip"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
)

// The public corpus has some 600,000 records, of which 214,000 are of npm, nearly all tiny ones about malware.
const (
	grownRecords = 600_000
	grownNPM     = 214_000
)

// grow makes a bucket's mirror of the size of the public one out of a smaller one: the records as they are, small ones
// about malware for npm, and copies of the others under ids and package names that nothing uses. It is made once.
func grow(from, to string) error {
	done := filepath.Join(to, "ecosystems.txt")
	if _, err := os.Stat(done); err == nil {
		return nil
	}
	ecosystems, err := os.ReadFile(filepath.Join(from, "ecosystems.txt"))
	if err != nil {
		return err
	}
	names := strings.Fields(strings.ReplaceAll(string(ecosystems), " ", "\x00"))
	total := 0
	for i := range names {
		names[i] = strings.ReplaceAll(names[i], "\x00", " ")
		n, err := count(filepath.Join(from, names[i], "all.zip"))
		if err != nil {
			return err
		}
		total += n
	}
	copies := (grownRecords - grownNPM) / total
	for _, name := range names {
		if err := growOne(filepath.Join(from, name), filepath.Join(to, name), name, copies); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	return os.WriteFile(done, ecosystems, 0o644)
}

func count(archive string) (int, error) {
	z, err := zip.OpenReader(archive)
	if err != nil {
		return 0, err
	}
	return len(z.File), z.Close()
}

func growOne(from, to, ecosystem string, copies int) (err error) {
	z, err := zip.OpenReader(filepath.Join(from, "all.zip"))
	if err != nil {
		return err
	}
	defer z.Close()
	if err := os.MkdirAll(to, 0o755); err != nil {
		return err
	}
	f, err := os.Create(filepath.Join(to, "all.zip"))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	out := zip.NewWriter(f)
	defer func() { err = errors.Join(err, out.Close()) }()
	for _, file := range z.File {
		body, err := content(file)
		if err != nil {
			return err
		}
		if err := add(out, file.Name, body); err != nil {
			return err
		}
		for n := 1; n < copies && ecosystem != "npm"; n++ {
			id := strings.TrimSuffix(file.Name, ".json")
			if err := add(out, fmt.Sprintf("%s-copy%d.json", id, n), renamed(body, id, n)); err != nil {
				return err
			}
		}
	}
	for n := len(z.File); n < grownNPM && ecosystem == "npm"; n++ {
		if err := add(out, fmt.Sprintf("MAL-2090-%d.json", n), malware(n)); err != nil {
			return err
		}
	}
	return nil
}

func content(f *zip.File) ([]byte, error) {
	r, err := f.Open()
	if err != nil {
		return nil, err
	}
	defer r.Close()
	return io.ReadAll(r)
}

func add(z *zip.Writer, name string, body []byte) error {
	w, err := z.Create(name)
	if err != nil {
		return err
	}
	_, err = w.Write(body)
	return err
}

var (
	packageName = regexp.MustCompile(`("package"\s*:\s*\{[^{}]*"name"\s*:\s*")([^"]+)`)
	aliases     = regexp.MustCompile(`"(aliases|related|upstream)"\s*:\s*\[[^\]]*\]`)
)

// renamed is a copy of a record that is about a package of another name, and joins nothing.
func renamed(body []byte, id string, n int) []byte {
	body = aliases.ReplaceAll(body, []byte(`"$1":[]`))
	body = packageName.ReplaceAll(body, []byte(fmt.Sprintf("${1}${2}-copy%d", n)))
	return bytes.Replace(body, []byte(`"`+id+`"`), []byte(fmt.Sprintf(`"%s-copy%d"`, id, n)), 1)
}

// malware is a record such as the malicious-packages database has them by the hundred thousand.
func malware(n int) []byte {
	return fmt.Appendf(nil, `{"schema_version":"1.7.3","id":"MAL-2090-%[1]d","published":"2024-03-01T00:00:00Z","modified":"2024-03-02T00:00:00Z",`+
		`"summary":"Malicious code in invented-name-%[1]d (npm)","details":"The package was published to take the place of one that its users meant to install. `+
		`Any computer that has it installed or running should be considered compromised, and all secrets kept there should be replaced from another one.",`+
		`"affected":[{"package":{"ecosystem":"npm","name":"invented-name-%[1]d"},"versions":["99.10.9","1.0.%[2]d"],`+
		`"database_specific":{"cwes":[{"cweId":"CWE-506","name":"Embedded Malicious Code"}]}}],`+
		`"credits":[{"name":"invented","type":"FINDER"}],"database_specific":{"malicious-packages-origins":[{"source":"invented","sha256":"%064[1]x",`+
		`"import_time":"2024-03-02T00:00:00Z","modified_time":"2024-03-02T00:00:00Z","versions":["99.10.9","1.0.%[2]d"]}]}}`, n, n%7)
}
