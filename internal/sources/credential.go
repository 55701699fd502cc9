package sources

import (
	"net/url"
	"strings"

	"github.com/tocsin-dev/tocsin/internal/secret"
)

// A Credential is what lets a part of a server be read.
type Credential struct {
	// URL is an https address; what is below its path is meant.
	URL string
	// Value is that of the Authorization header.
	Value secret.Value
}

// covers says whether an address is below the credential's. One with dots or escapes in its path could be read in two ways, and is not.
func (c Credential) covers(u *url.URL) bool {
	own, err := url.Parse(c.URL)
	if err != nil || own.Host == "" || u.Scheme != "https" || own.Scheme != "https" || !strings.EqualFold(own.Host, u.Host) {
		return false
	}
	at := u.EscapedPath()
	if strings.Contains(at, "..") || strings.ContainsAny(at, "%\\") || strings.Contains(at, "//") {
		return false
	}
	below := strings.TrimSuffix(own.EscapedPath(), "/")
	return at == below || strings.HasPrefix(at, below+"/")
}
