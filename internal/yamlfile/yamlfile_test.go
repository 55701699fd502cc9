package yamlfile

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/tocsin-dev/tocsin"
)

type file struct {
	Name  Value[string]   `yaml:"name"`
	Wait  Value[Duration] `yaml:"wait"`
	Count Value[int]      `yaml:"count"`
	List  []struct {
		When Value[string] `yaml:"when"`
	} `yaml:"list"`
}

func TestDecodeKeepsPlaces(t *testing.T) {
	var f file
	if p := Decode("a.yaml", []byte("name: x\nwait: 3d\nlist:\n  - when: |\n      a\n"), &f); len(p) > 0 {
		t.Fatal(p)
	}
	if f.Name.Line != 1 || f.Name.Column != 7 || f.Count.IsSet() {
		t.Errorf("name at %d:%d, count set %v", f.Name.Line, f.Name.Column, f.Count.IsSet())
	}
	if time.Duration(f.Wait.V) != 3*tocsin.Day {
		t.Errorf("wait = %v", time.Duration(f.Wait.V))
	}
	if w := f.List[0].When; !w.Block || w.Line != 4 || w.V != "a\n" {
		t.Errorf("when = %+v", w)
	}
}

func TestDecodeReportsAll(t *testing.T) {
	var f file
	p := Decode("a.yaml", []byte("name: x\nnaem: y\ncount: many\nwait: soon\nlist:\n  - wen: 1\n"), &f)
	err := Join(p)
	if !errors.Is(err, tocsin.ErrInvalid) {
		t.Fatalf("err = %v", err)
	}
	for _, want := range []string{"a.yaml:2:", `unknown key "naem"`, "a.yaml:3:", "`many` where int", "a.yaml:4:", "soon", "a.yaml:6:", "wen"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("no %q in\n%v", want, err)
		}
	}
	t.Log(err)
}

func TestDecodeHostile(t *testing.T) {
	bomb := "a: &a [x,x,x,x,x,x,x,x,x]\n"
	for c := 'b'; c < 'k'; c++ {
		p := string(c - 1)
		bomb += string(c) + ": &" + string(c) + " [" + strings.TrimSuffix(strings.Repeat("*"+p+",", 9), ",") + "]\n"
	}
	for name, text := range map[string]string{
		"alias bomb": bomb, "deep": strings.Repeat("[", 200_000), "huge": strings.Repeat("a", MaxSize+1),
		"binary": "\x00\x01\xff", "duplicate": "name: a\nname: b\n", "syntax": "name: [", "negative": "wait: -3d",
	} {
		t.Run(name, func(t *testing.T) {
			var f file
			if p := Decode("b.yaml", []byte(text), &f); len(p) == 0 {
				t.Error("accepted")
			} else {
				t.Log(p[0])
			}
		})
	}
}

func FuzzDecode(f *testing.F) {
	f.Add("name: x\nlist: [{when: a}]\n")
	f.Add("a: &a [*a]\n")
	f.Fuzz(func(t *testing.T, s string) {
		var v file
		_ = Join(Decode("f", []byte(s), &v))
	})
}
