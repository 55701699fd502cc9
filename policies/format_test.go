package policies_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tocsin-dev/tocsin/policies"
	"github.com/tocsin-dev/tocsin/policies/packs"
)

func TestFormat(t *testing.T) {
	got, err := policies.Format("p.yaml", []byte(`# What we stop.
gate:
    rules:
    # Malice first.
    - when: malware()
      because: it is malicious   # always
      name: malware
      then: fail
    default: pass
let: [{name: malware, be: 'advisory.kind == "malware"'}]
policy: p
`))
	if err != nil {
		t.Fatal(err)
	}
	want := `policy: p

let: [{name: malware, be: 'advisory.kind == "malware"'}]

# What we stop.
gate:
  default: pass
  rules:
    # Malice first.
    - name: malware
      when: malware()
      then: fail
      because: it is malicious # always
`
	if d := cmp.Diff(want, string(got)); d != "" {
		t.Error(d)
	}
}

// TestPacksAreFormatted: what we ship is laid out as we lay out others.
func TestPacksAreFormatted(t *testing.T) {
	for _, name := range packs.Names() {
		text, err := packs.Read(name)
		if err != nil {
			t.Fatal(err)
		}
		got, err := policies.Format(name, text)
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(string(text), string(got)); d != "" {
			t.Errorf("%s (-is +formatted):\n%s", name, d)
		}
	}
}
