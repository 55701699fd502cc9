package extract

import (
	"bytes"
	"strings"
)

// split is the content by lines, without their ends.
func split(data []byte) []string {
	return strings.Split(string(bytes.ReplaceAll(data, []byte("\r\n"), []byte("\n"))), "\n")
}

// indented is the lines after line number n (1-based) that are indented deeper than it.
func indented(lines []string, n int) []string {
	if n < 1 || n > len(lines) {
		return nil
	}
	depth := indent(lines[n-1])
	end := n
	for end < len(lines) && strings.TrimSpace(lines[end]) != "" && indent(lines[end]) > depth {
		end++
	}
	return lines[n:end]
}

// table is the lines from line number n up to the next element of the same array of TOML tables.
func table(lines []string, n int, header string) []string {
	if n < 1 || n > len(lines) {
		return nil
	}
	end := n
	for end < len(lines) && strings.TrimSpace(lines[end]) != header {
		end++
	}
	return lines[n-1 : end]
}

func indent(line string) int { return len(line) - len(strings.TrimLeft(line, " \t")) }

// value is what follows key on the first line that starts with it, without quotes; keys are written with their separator
// (`source = `, `resolved `).
func value(lines []string, key string) string {
	for _, l := range lines {
		if v, ok := strings.CutPrefix(strings.TrimSpace(l), key); ok {
			return strings.Trim(strings.TrimSpace(v), `"'`)
		}
	}
	return ""
}

// inline is the value of a key in an inline table (`{ registry = "https://…" }`, `{integrity: sha512-…}`).
func inline(table, key string) string {
	for part := range strings.SplitSeq(strings.Trim(strings.TrimSpace(table), "{}"), ",") {
		if v, ok := strings.CutPrefix(strings.TrimSpace(part), key); ok {
			if v = strings.TrimSpace(v); len(v) > 0 && (v[0] == '=' || v[0] == ':') {
				return strings.Trim(strings.TrimSpace(v[1:]), `"'`)
			}
		}
	}
	return ""
}
