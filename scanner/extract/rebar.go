package extract

import (
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/internal/pattern"
	"github.com/tocsin-dev/tocsin/internal/purl"
)

// rebar reads rebar.lock, an Erlang term: {<<"name">>,{pkg,<<"package">>,<<"version">>},level}, with level 0 for what
// the project asks for, or {git,"url",{ref,"commit"}} in place of pkg. https://rebar3.org/docs/configuration/dependencies/
type rebar struct{}

func (rebar) Format() string { return "erlang/rebar-lock" }
func (rebar) Limit() int64   { return LimitParsed }

var (
	rebarPkg = pattern.Lazy(`\{<<"([^"]+)">>,\s*\{pkg,\s*<<"([^"]+)">>,\s*<<"([^"]+)">>(?:,[^}]*)?\},\s*(\d+)\}`)
	rebarGit = pattern.Lazy(`\{<<"([^"]+)">>,\s*\{(?:git|git_subdir),\s*"([^"]+)",[^}]*\}[^}]*\},\s*(\d+)\}`)
	rebarSum = pattern.Lazy(`\{<<"([^"]+)">>,\s*<<"([0-9A-F]{64})">>\}`)
)

func (r rebar) Read(_ context.Context, f File) (Result, error) {
	data, err := io.ReadAll(f.Body)
	if err != nil {
		return Result{}, fmt.Errorf("reading %s: %w", f.Path, err)
	}
	if err := checkText(data); err != nil {
		return Result{}, err
	}
	text := string(data)
	if t := strings.TrimSpace(text); !strings.HasPrefix(t, "{") && !strings.HasPrefix(t, "[") || !strings.HasSuffix(t, ".") {
		return Result{}, fmt.Errorf("%w: an Erlang term ends with a full stop", errWrongTop)
	}
	var out Result
	sums := map[string]string{}
	for _, m := range rebarSum().FindAllStringSubmatch(text, -1) {
		// pkg_hash stands before pkg_hash_ext, which is the one over the archive as served.
		sums[m[1]] = m[2]
	}
	add := func(at int, name, version, level string, o tocsin.Origin) {
		p := tocsin.Package{
			Ecosystem: "Hex", Name: name, Version: version, PURL: purl.Make("Hex", name, version), Relation: tocsin.RelationTransitive,
			Origin: o, Location: []tocsin.Location{{Path: f.Path, Line: 1 + strings.Count(text[:at], "\n")}},
		}
		if level == "0" {
			p.Relation = tocsin.RelationDirect
		}
		out.Packages = append(out.Packages, p)
	}
	for _, m := range rebarPkg().FindAllStringSubmatchIndex(text, MaxPackages) {
		add(m[0], text[m[4]:m[5]], text[m[6]:m[7]], text[m[8]:m[9]], tocsin.Origin{})
		out.Packages[len(out.Packages)-1].Integrity = sums[text[m[2]:m[3]]]
	}
	for _, m := range rebarGit().FindAllStringSubmatchIndex(text, MaxPackages) {
		add(m[0], text[m[2]:m[3]], "", text[m[6]:m[7]], tocsin.Origin{Kind: tocsin.OriginGit, URL: plain(text[m[4]:m[5]])})
	}
	out.Gaps = gaps(f.Path, out.Packages)
	return out, nil
}
