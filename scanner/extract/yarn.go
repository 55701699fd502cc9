package extract

import (
	"strings"

	"github.com/tocsin-dev/tocsin"
)

// completeYarn adds origin, integrity and edges from the lines under each entry, in the notation of yarn 1 (resolved,
// integrity) and of later ones (resolution, checksum).
func completeYarn(f File, data []byte, r *Result) error {
	lines := split(data)
	for i := range r.Packages {
		p := &r.Packages[i]
		n := p.Location[0].Line
		if n < 1 || n > len(lines) {
			continue
		}
		body := indented(lines, n)
		p.Integrity = value(body, "integrity ")
		if p.Integrity == "" {
			p.Integrity = value(body, "checksum: ")
		}
		if p.Origin.Kind != "" {
			continue
		}
		header := strings.Trim(strings.TrimSuffix(lines[n-1], ":"), `"`)
		resolution := value(body, "resolution: ")
		switch {
		case strings.Contains(header, "@workspace:"), strings.Contains(header, "@link:"), strings.Contains(header, "@portal:"), strings.Contains(header, "@file:"):
			p.Origin.Kind = tocsin.OriginLocal
		case strings.Contains(resolution, "@https://"), strings.Contains(resolution, "@http://"):
			p.Origin = tarball(resolution[strings.Index(resolution, "@http")+1:])
		case strings.Contains(resolution, "__archiveUrl="):
			// A registry that serves its archives elsewhere: the address is escaped, and tells no more than this.
			p.Origin.Kind = tocsin.OriginPrivate
		default:
			p.Origin = tarball(value(body, "resolved "))
		}
	}
	y := newYarnGraph(f, lines, r)
	y.entries()
	y.project()
	y.settle()
	return nil
}

// A yarnGraph resolves what the entries of a yarn.lock ask for. An entry is headed by everything that it answers:
// "name@range" (yarn 1), "name@npm:range" (later), "name@workspace:folder".
type yarnGraph struct {
	*graph
	file  File
	lines []string
	// at are the packages by line; answers those that answer a request; names those that answer any for a name.
	at      map[int]int
	answers map[string]int
	names   map[string][]int
	// members is how many projects of the workspace were looked at.
	members int
}

func newYarnGraph(f File, lines []string, r *Result) *yarnGraph {
	y := &yarnGraph{graph: newGraph(r), file: f, lines: lines, at: map[int]int{}, answers: map[string]int{}, names: map[string][]int{}}
	for i, p := range r.Packages {
		n := p.Location[0].Line
		if n < 1 || n > len(lines) {
			continue
		}
		y.at[n] = i
		for request := range yarnRequests(lines[n-1]) {
			y.answers[request] = i
			name, _ := splitAt(request)
			if known := y.names[name]; len(known) == 0 || known[len(known)-1] != i {
				y.names[name] = append(known, i)
			}
		}
	}
	return y
}

// yarnRequests goes through the requests in the head of an entry.
func yarnRequests(header string) func(func(string) bool) {
	return func(yield func(string) bool) {
		for request := range strings.SplitSeq(strings.TrimSuffix(strings.TrimSpace(header), ":"), ", ") {
			if !yield(strings.Trim(request, `"`)) {
				return
			}
		}
	}
}

// find gives the package that answers a request. Resolutions in a package.json put another range in place of the one that
// was asked for; where there is but one answer for the name, that is it.
func (y *yarnGraph) find(name, wanted string) (int, bool) {
	for _, request := range []string{name + "@" + wanted, name + "@npm:" + wanted} {
		if i, ok := y.answers[request]; ok {
			return i, true
		}
	}
	if only := y.names[name]; len(only) == 1 {
		return only[0], true
	}
	return 0, false
}

// entries adds what each entry asks for.
func (y *yarnGraph) entries() {
	for n, header := range y.lines {
		if header == "" || indent(header) != 0 || header[0] == '#' || !strings.HasSuffix(header, ":") {
			continue
		}
		from, known := y.at[n+1]
		body := indented(y.lines, n+1)
		dev := map[string]bool{}
		if _, folder, ok := strings.Cut(value(body, "resolution: "), "@workspace:"); ok {
			dev = y.forDevelopment(folder)
			if folder == "." {
				// The project itself.
				from, known = tocsin.EdgeRoot, true
			} else if known {
				y.link(tocsin.EdgeRoot, false, from)
			}
		}
		if !known {
			continue
		}
		section := ""
		for _, l := range body {
			switch indent(l) {
			case 2:
				section = strings.TrimSpace(l)
			case 4:
				if section != "dependencies:" && section != "optionalDependencies:" {
					continue
				}
				name, wanted := yarnPair(l)
				if to, ok := y.find(name, wanted); ok {
					y.link(from, dev[name], to)
				}
			}
		}
	}
}

// yarnPair reads `name "range"` (yarn 1) or `name: range` (later), either of which may be quoted.
func yarnPair(line string) (name, wanted string) {
	line = strings.TrimSpace(line)
	if rest, ok := strings.CutPrefix(line, `"`); ok {
		name, wanted, _ = strings.Cut(rest, `"`)
	} else if i := strings.IndexAny(line, ": "); i >= 0 {
		name, wanted = line[:i], line[i:]
	}
	return name, strings.Trim(strings.TrimLeft(wanted, ": "), `"`)
}

// maxMembers is how many projects of a workspace are looked at. The largest real ones have some thousand.
const maxMembers = 2000

// forDevelopment is what a project of the workspace asks for in development only, which its entry does not tell apart.
func (y *yarnGraph) forDevelopment(folder string) map[string]bool {
	y.members++
	p, ok := packageJSON{}, false
	if y.members <= maxMembers {
		p, ok = readPackageJSON(y.file, folder)
	}
	y.mixed = y.mixed || !ok
	dev := map[string]bool{}
	for _, w := range p.wants {
		dev[w.name] = w.dev
	}
	for _, w := range p.wants {
		dev[w.name] = dev[w.name] && w.dev
	}
	return dev
}

// project adds what the project asks for by its package.json, and the projects of its workspace by theirs. Later versions
// of yarn have entries for them.
func (y *yarnGraph) project() {
	if y.members > 0 {
		return
	}
	root, ok := readPackageJSON(y.file, ".")
	if !ok {
		return
	}
	y.asks(root)
	for _, pattern := range root.workspaces {
		members, ok := folders(y.file, pattern)
		y.unsure = y.unsure || !ok
		for _, folder := range members {
			if y.members++; y.members > maxMembers {
				y.unsure = true
				return
			}
			if p, ok := readPackageJSON(y.file, folder); ok {
				y.asks(p)
			}
		}
	}
}

func (y *yarnGraph) asks(p packageJSON) {
	for _, w := range p.wants {
		if y.Partial != "" {
			return
		}
		if to, ok := y.find(w.name, w.wanted); ok {
			y.link(tocsin.EdgeRoot, w.dev, to)
		}
	}
}
