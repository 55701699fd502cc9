package extract

import (
	"slices"
	"strings"
	"unicode"
)

// maxHashes bounds the hashes that are kept of one release: one with a file for each interpreter and machine has about a hundred.
const maxHashes = 500

// A lockedFile is one file of a release as Python lockfiles pin it, under the hash that begins with its algorithm ("sha256:…").
type lockedFile struct{ Hash string }

// integrity gives the hashes of a release, each once and sorted, so that the order of its files makes no other package. Of more
// than maxHashes the first ones are kept.
func integrity(files []lockedFile) string {
	var hashes []string
	for _, f := range files {
		// What a space would tear apart is no hash.
		if f.Hash != "" && !strings.ContainsFunc(f.Hash, unicode.IsSpace) {
			hashes = append(hashes, f.Hash)
		}
	}
	slices.Sort(hashes)
	hashes = slices.Compact(hashes)
	return strings.Join(hashes[:min(len(hashes), maxHashes)], " ")
}
