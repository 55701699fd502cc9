package policies

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"cel.dev/cel-go/cel"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/policies/packs"
)

// hostile makes an input out of bytes: numbers of any bits, any times, and texts that are now and then the words that they
// should be.
func hostile(data []byte) Input {
	in := BaseInput()
	next := func(n int) []byte {
		n = min(n, len(data))
		out := data[:n]
		data = data[n:]
		return out
	}
	number := func() uint64 {
		var b [8]byte
		copy(b[:], next(8))
		return binary.LittleEndian.Uint64(b[:])
	}
	word := func(f field) string {
		kind := next(1)
		if len(kind) == 0 {
			return ""
		}
		if f.enum != nil && kind[0]%2 == 0 {
			return f.enum[int(kind[0]/2)%len(f.enum)]
		}
		return string(next(int(kind[0] / 8)))
	}
	known := inputs()
	for _, path := range slices.Sorted(maps.Keys(known)) {
		if len(data) == 0 {
			break // what is left is as it is in ordinary findings
		}
		switch v := known[path].value(&in); v.Interface().(type) {
		case bool:
			v.SetBool(number()%2 == 1)
		case int:
			v.SetInt(int64(number()))
		case time.Duration:
			v.SetInt(int64(number()))
		case float64:
			v.SetFloat(math.Float64frombits(number()))
		case string:
			v.SetString(word(known[path]))
		case []string:
			var list []string
			for range number() % 5 {
				list = append(list, word(known[path]))
			}
			v.Set(reflect.ValueOf(list))
		case time.Time:
			v.Set(reflect.ValueOf(time.Unix(int64(number())%1e11, int64(number())%1e9).UTC()))
		default:
			panic(fmt.Sprintf("%s is a %T", path, v.Interface()))
		}
	}
	return in
}

// FuzzDecide asks any small condition about any input, and the shipped packs too: there is an answer, it is one of the words,
// it is the same twice and from a policy that was loaded anew, and it can be explained.
func FuzzDecide(f *testing.F) {
	var shipped []*Policy
	for _, name := range packs.Names() {
		text, err := packs.Read(name)
		if err != nil {
			f.Fatal(err)
		}
		p, err := Load(name, text)
		if err != nil {
			f.Fatal(err)
		}
		shipped = append(shipped, p)
	}
	all := NewSet(shipped...)
	ones := make([]byte, 600)
	for i := range ones {
		ones[i] = 0xff
	}
	for _, condition := range []string{
		`advisory.epss >= 0.5 && advisory.cvss / advisory.epss > 2.0`, `advisory.aliases[0] == advisory.id || "new" in pkg.hygiene`,
		`now - advisory.published > duration("24h")`, `finding.path_length * 1000000007 % 7 == 3`, `portfolio.projects / portfolio.critical > 2`,
		`pkg.name.matches("^(a+)+$")`, `timestamp(pkg.version) < now`, `advisory.origins.exists(o, o.startsWith("GH")) ? true : !feed.fresh`,
		`int(advisory.cvss) == 7 || string(advisory.age) == "1s" || advisory.age.getHours() > 3`, `advisory.cwes.map(c, size(c)) == [1, 2]`,
		`advisory.kev_due.getDayOfWeek("Europe/Berlin") == 1`, `seen()`, `answer() == "b"`,
	} {
		f.Add(condition, []byte(nil))
		f.Add(condition, ones)
		f.Add(condition, []byte("the quick brown fox jumps over the lazy dog, and nobody asks it for its version"))
	}
	f.Fuzz(func(t *testing.T, condition string, data []byte) {
		in := hostile(data)
		if a, b := asText(t, all.Decide(in)), asText(t, all.Decide(in)); a != b {
			t.Errorf("the packs give two answers:\n%s\n%s", a, b)
		}
		text := fmt.Appendf(nil, `policy: p
let: [{name: seen, be: 'advisory.kev || advisory.epss > 0.1'}, {name: word, be: pkg.name}]
tables: [{name: answer, inputs: [{name: status, be: word(), values: [a, b]}, {name: seen, be: seen(), values: [no, yes]}], rows: [[a, "*", a], [b, "*", b]]}]
gate: {default: pass, rules: [{name: a, then: fail, because: x, when: %[1]s}]}
response: {default: none, rules: [{name: b, then: watch, because: x, when: answer() == "a"}, {name: a, then: issue, because: x, when: %[1]s}]}
`, strconv.Quote(condition))
		p, err := Load("p.yaml", text)
		if err != nil {
			return
		}
		again, err := Load("p.yaml", text)
		if err != nil {
			t.Fatalf("it loads once only: %v", err)
		}
		answers(t, NewSet(p), NewSet(again), in)
	})
}

// answers asks two sets that are the same.
func answers(t *testing.T, set, same Set, in Input) {
	t.Helper()
	d := set.Decide(in)
	if d.Gate.Validate() != nil || d.Response.Validate() != nil {
		t.Errorf("gate %q, response %q", d.Gate, d.Response)
	}
	if d.Gate == tocsin.GateFail && d.GateRule == "" {
		t.Error("it fails, and no rule says so")
	}
	if a, b := asText(t, d), asText(t, same.Decide(in)); a != b {
		t.Errorf("two answers:\n%s\n%s", a, b)
	}
	if a, b := fmt.Sprint(set.Next(in), set.Changes(in)), fmt.Sprint(same.Next(in), same.Changes(in)); a != b {
		t.Errorf("two explanations:\n%s\n%s", a, b)
	}
	if set.Projection(&in) != same.Projection(&in) {
		t.Error("two projections")
	}
}

func asText(t *testing.T, d tocsin.Decision) string {
	t.Helper()
	d.At, d.Due = time.Time{}, time.Time{} // a year beyond 9999 has no JSON
	b, err := json.Marshal(d)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// FuzzParsers: what the parser by hand takes the grammar's takes too, and makes the same of it: the rule that is asked is the rule
// that was written, whichever read it.
func FuzzParsers(f *testing.F) {
	for _, text := range []string{
		"true", "finding.kev && !finding.dev || advisory.malicious", `pkg.name in ['a', "b", r'\d', '''c''', b'x']`, "-1 < 2.5e3 && 0x1F == 31u ? 1 : 2",
		"advisory.aliases.exists(a, a.startsWith('GHSA-'))", "now - advisory.published > duration('72h')", "{'a': [1, 2][0]}.a == 1", "a.b[1].c(2, [3]) == - - 1", `size('\u00e9\n') % 2 != 1`,
		"1 // why\n != 2", "policies.Finding{dev: true}.dev", "has(finding.kev)", ".a", "a.`b-c`", "1 +", "((1))", "a ? b ? c : d : e", "!!a", `'\x'`, "1.", "0b1", "in", "\x00", "[1,]", "f(,)",
	} {
		f.Add(text)
	}
	env, err := environment()
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, text string) {
		quick := parse(env, text)
		if quick == nil {
			return
		}
		slow, issues := env.Parse(text)
		if issues.Err() != nil {
			t.Fatalf("%q: the grammar refuses it: %v", text, issues.Err())
		}
		if got, want := unnumbered(quick), unnumbered(slow); got != want {
			t.Errorf("%q is\n%s\nwant\n%s", text, got, want)
		}
	})
}

// unnumbered is a parsed expression without the numbers of its nodes and the spaces of its notation, which is chosen by chance.
func unnumbered(parsed *cel.Ast) string {
	whole, err := cel.AstToParsedExpr(parsed)
	if err != nil {
		return err.Error()
	}
	return strings.ReplaceAll(regexp.MustCompile(`\bid:\d+`).ReplaceAllString(whole.GetExpr().String(), ""), " ", "")
}
