package tocsin

import (
	"strings"
	"testing"
)

// TestValidCommit: only a full hash is the same commit tomorrow.
func TestValidCommit(t *testing.T) {
	full := strings.Repeat("0123456789", 4)
	for s, want := range map[string]bool{
		full: true, full + strings.Repeat("abcdef", 4): true, full[:39]: false, full + "0": false, "main": false, "": false, "refs/heads/main": false,
		strings.ToUpper(strings.Repeat("a", 40)): false, full[:39] + "/": false, full[:39] + "\n": false,
	} {
		if ValidCommit(s) != want {
			t.Errorf("%q: want %t", s, want)
		}
	}
}
