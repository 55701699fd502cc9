package pin

import (
	_ "embed" // the list of names
	"slices"
	"strings"
	"sync"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/internal/pattern"
	"github.com/tocsin-dev/tocsin/internal/purl"
)

//go:embed wellknown.txt
var wellknown string

// famous are the well-known names of one ecosystem.
type famous struct {
	ecosystem string
	names     map[string]bool    // by key
	folded    map[string]string  // key by name without separators and lookalike characters
	flat      map[shape][]string // keys of names without a namespace
	// spaces are the namespaces with the last elements that are known in them; "*" is any.
	spaces map[string][]string
}

// shape is what a slip leaves nearly as it is: the first letter, and the length but for one. It keeps names apart cheaply.
type shape struct {
	first  byte
	length int
}

// longest is the length of a name that nobody types.
const longest = 200

// minimum is the shortest name that is compared. Shorter ones are all close to each other.
const minimum = 5

// read are the sections of the list that were asked for, by ecosystem. What a section holds never changes.
var read sync.Map

func famousOf(ecosystem string) *famous {
	if f, ok := read.Load(ecosystem); ok {
		return f.(*famous)
	}
	f, _ := read.LoadOrStore(ecosystem, newFamous(ecosystem))
	return f.(*famous)
}

// newFamous reads the section of an ecosystem; it is empty where there is none.
func newFamous(ecosystem string) *famous {
	f := &famous{ecosystem: ecosystem, names: map[string]bool{}, folded: map[string]string{}, flat: map[shape][]string{}, spaces: map[string][]string{}}
	in := false
	for line := range strings.Lines(wellknown) {
		line, _, _ = strings.Cut(line, "#")
		line = strings.TrimSpace(line)
		if section, ok := strings.CutPrefix(line, "== "); ok {
			in = section == ecosystem
			continue
		}
		if !in || line == "" {
			continue
		}
		for _, name := range strings.Fields(line) {
			f.add(f.key(name))
		}
	}
	return f
}

// key is the form in which names are compared. crates.io has no two that differ in a separator, and Go's major versions are one
// name here.
func (f *famous) key(name string) string {
	name = purl.Key(f.ecosystem, name)
	switch f.ecosystem {
	case "crates.io":
		return strings.ReplaceAll(name, "_", "-")
	case "Go":
		return major().ReplaceAllLiteralString(name, "")
	default:
		return name
	}
}

func (f *famous) add(name string) {
	f.names[name] = true
	space, leaf := f.split(name)
	if space != "" {
		f.spaces[space] = append(f.spaces[space], leaf)
	} else {
		at := shape{name[0], len(name)}
		f.flat[at] = append(f.flat[at], name)
	}
	switch {
	case len(name) < minimum:
	case space == "":
		f.folded[f.fold(name)] = name
	case space == "@types": // of other scopes, the bare name is often the older one of the same owner
		f.folded["types-"+leaf] = name
	}
}

// major is the element of a Go path, or the end of one, that names the major version.
var major = pattern.Lazy(`(/v[0-9]+|\.v[0-9]+)$`)

// split parts a name from its namespace, which one owner has: an npm scope, a Maven group, a Packagist vendor, the path of a
// Go module up to its last element.
func (f *famous) split(name string) (space, leaf string) {
	separator := "/"
	switch f.ecosystem {
	case "Maven":
		separator = ":"
	case "Go", "npm", "Packagist":
	default:
		return "", name
	}
	i := strings.LastIndex(name, separator)
	if i < 0 {
		return "", name
	}
	return name[:i], name[i+1:]
}

// lookalike gives the well-known name that the name of a package is close to, or "" if it is close to none or is one itself.
// What does not come from the public registry of the ecosystem was not published under the name by a stranger.
//
// The rule errs on the side of silence, since real packages have names that differ in a letter: it asks for what a mistyped
// or misread name looks like, and in names of several parts only for the part that says who publishes it.
func (j *Judge) lookalike(p *tocsin.Package) string {
	base := purl.Base(p.Ecosystem)
	if !p.Origin.Public() || len(p.Name) > longest {
		return ""
	}
	f := famousOf(base)
	if len(f.names) == 0 {
		return ""
	}
	name := f.key(p.Name)
	space, leaf := f.split(name)
	switch {
	case f.names[name], slices.Contains(f.spaces[space], leaf), slices.Contains(f.spaces[space], "*"):
		return ""
	case space != "" && (f.ecosystem != "npm" || space[0] == '@'): // an SBOM may have lost the sign
		return f.misplaced(space, leaf)
	case len(name) < minimum || strings.Contains(name, "/") || f.reserved(name):
		return ""
	}
	if model := f.folded[f.fold(name)]; model != "" {
		return model
	}
	if model := f.affixed(name); model != "" {
		return model
	}
	for length := max(len(name)-1, minimum); length <= len(name)+1; length++ {
		for _, model := range f.flat[shape{name[0], length}] {
			if typo(name, model, words) {
				return model
			}
		}
	}
	return ""
}

// misplaced gives the well-known name of which a name has the last element, in a namespace that looks like the other's.
func (f *famous) misplaced(space, leaf string) string {
	best := ""
	for model, leaves := range f.spaces {
		if (slices.Contains(leaves, leaf) || slices.Contains(leaves, "*")) && f.similar(space, model) {
			separator := "/"
			if f.ecosystem == "Maven" {
				separator = ":"
			}
			if name := model + separator + leaf; best == "" || name < best { // maps have no order
				best = name
			}
		}
	}
	return best
}

// hosts are first labels of Maven groups that are taken for each other.
var hosts = []string{"com", "dev", "io", "net", "org"}

// similar says whether one namespace looks like another. What both begin with says nothing: the sign of a scope, a host, a
// domain that many groups are in.
func (f *famous) similar(space, model string) bool {
	separator := "/"
	if f.ecosystem == "Maven" {
		separator = "."
	}
	host, rest, _ := strings.Cut(space, separator)
	other, last, _ := strings.Cut(model, separator)
	switch {
	case host != other && rest != "" && rest == last:
		return f.ecosystem == "Maven" && slices.Contains(hosts, host) && slices.Contains(hosts, other) || f.ecosystem == "Go" && near(host, other)
	case host == other && rest != "" && last != "":
		return near(rest, last)
	default:
		return near(strings.TrimPrefix(space, "@"), strings.TrimPrefix(model, "@"))
	}
}

// near says whether a namespace was mistyped or misread, or has the name of a language behind it ("boltdb-go"). Since what
// follows it is the same, short ones count as well.
func near(part, model string) bool {
	return len(model) >= minimum && (typo(part, model, minimum) || fold(part) == fold(model) || part == model+"-go" || part == model+"-java" || part == model+"-php")
}

// reserved says whether a name is in a part of NuGet that the registry keeps for its owner.
// https://learn.microsoft.com/en-us/nuget/nuget-org/id-prefix-reservation
func (f *famous) reserved(name string) bool {
	return f.ecosystem == "NuGet" && (strings.HasPrefix(name, "microsoft.") || strings.HasPrefix(name, "system.") || strings.HasPrefix(name, "azure."))
}

// affixes are what people who do not know a name add to it, by ecosystem.
var affixes = map[string]struct{ before, behind []string }{
	"npm":       {[]string{"node-"}, []string{"-js", ".js"}},
	"PyPI":      {[]string{"python-", "python3-"}, []string{"-python", "-python3"}},
	"crates.io": {[]string{"rust-"}, []string{"-rs", "-rust"}},
	"RubyGems":  {[]string{"ruby-"}, []string{"-ruby", "-rb"}},
}

// affixed gives the well-known name that a name is with the name of its language added.
func (f *famous) affixed(name string) string {
	known := func(model string, ok bool) bool { return ok && len(model) >= minimum && f.names[model] }
	for _, a := range affixes[f.ecosystem].before {
		if model, ok := strings.CutPrefix(name, a); known(model, ok) {
			return model
		}
	}
	for _, a := range affixes[f.ecosystem].behind {
		if model, ok := strings.CutSuffix(name, a); known(model, ok) {
			return model
		}
	}
	return ""
}

// fold takes a name to what the eye makes of it: one form of what looks alike, and no separators. npm's stay, since npm takes no
// new name that differs from another in nothing else; what is there of them is old and honest.
// https://blog.npmjs.org/post/168978377570/new-package-moniker-rules
func (f *famous) fold(name string) string {
	if f.ecosystem == "npm" {
		return alike.Replace(name)
	}
	return fold(name)
}

var (
	alike  = strings.NewReplacer("0", "o", "1", "l")
	joined = strings.NewReplacer("-", "", "_", "", ".", "", "0", "o", "1", "l")
)

func fold(name string) string { return joined.Replace(name) }
