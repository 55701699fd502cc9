// Package netguard makes HTTP clients for addresses that somebody else wrote: a project's source, a link in a document. Such a client
// connects to the public Internet and to what was allowed by name, and to nothing else: not to this machine, not to the network it
// stands in, not to the metadata service of a cloud.
//
// An address is judged where the connection is made, after names are resolved, and so is each redirect: a name that resolves to
// another address the second time (DNS rebinding) gains nothing.
package netguard

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"time"

	"code.dny.dev/ssrf"

	"github.com/tocsin-dev/tocsin"
)

// Allow names what may be reached although it is not public. The zero value is the public Internet only.
type Allow struct {
	// Prefixes are networks, such as the one a forge of one's own stands in.
	Prefixes []netip.Prefix
	// Hosts are names, without port, as they stand in the address, such as "git.corp.example". They may resolve to anything, so
	// whoever answers for the name is trusted.
	Hosts []string
}

// maxRedirects is how often one request may be sent on.
const maxRedirects = 5

// ErrRefused is within the error of each request that was not sent because of where it would have gone. It is an
// [tocsin.ErrForbidden].
var ErrRefused = fmt.Errorf("%w: the address is refused", tocsin.ErrForbidden)

// Transport gives a transport of its own connections, which goes through no proxy: a proxy would be the one to resolve names. The
// caller may change what has nothing to do with dialling, and closes idle connections when done.
func Transport(a Allow) *http.Transport { return transport(a, nil) }

func transport(a Allow, names *net.Resolver) *http.Transport {
	return &http.Transport{
		DialContext: dialer(a, names), ForceAttemptHTTP2: true, MaxIdleConnsPerHost: 4, IdleConnTimeout: 90 * time.Second,
		TLSHandshakeTimeout: 10 * time.Second, ResponseHeaderTimeout: time.Minute, MaxResponseHeaderBytes: 1 << 20,
	}
}

func dialer(a Allow, names *net.Resolver) func(ctx context.Context, network, address string) (net.Conn, error) {
	var v4, v6 []netip.Prefix
	for _, p := range a.Prefixes {
		if p.Addr().Is4() {
			v4 = append(v4, p)
		} else {
			v6 = append(v6, p)
		}
	}
	// Any port: what stands on the Internet is public on each of them.
	guard := ssrf.New(ssrf.WithAnyPort(), ssrf.WithAllowedV4Prefixes(v4...), ssrf.WithAllowedV6Prefixes(v6...))
	open := net.Dialer{Timeout: 30 * time.Second, KeepAlive: 30 * time.Second, Resolver: names}
	guarded := open
	guarded.Control = guard.Safe
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		host, _, err := net.SplitHostPort(address)
		if err != nil {
			return nil, fmt.Errorf("%w: want host and port: %v", tocsin.ErrInvalid, err)
		}
		d := &guarded
		if allowed(a.Hosts, host) {
			d = &open
		}
		conn, err := d.DialContext(ctx, network, address)
		if errors.Is(err, ssrf.ErrProhibitedIP) || errors.Is(err, ssrf.ErrProhibitedNetwork) {
			// Not what it resolved to: whoever reads this may be the one who wrote the name, and it tells of the network inside.
			return nil, fmt.Errorf("%w: %s is not public; if it is meant, allow its name or network", ErrRefused, host)
		}
		return conn, err
	}
}

func allowed(hosts []string, host string) bool {
	host = strings.TrimSuffix(host, ".")
	for _, h := range hosts {
		if strings.EqualFold(strings.TrimSuffix(h, "."), host) {
			return true
		}
	}
	return false
}

// Redirect is the rule of [http.Client.CheckRedirect] for such clients: five redirects at most, never to plain HTTP from HTTPS, and
// what authorises the request stays with the host and port that it was meant for.
func Redirect(next *http.Request, via []*http.Request) error {
	if len(via) > maxRedirects {
		return fmt.Errorf("%w: over %d redirects", ErrRefused, maxRedirects)
	}
	if next.URL.Scheme != "https" && (next.URL.Scheme != "http" || via[len(via)-1].URL.Scheme == "https") {
		return fmt.Errorf("%w: a redirect leads from https to %s", ErrRefused, next.URL.Scheme)
	}
	if next.URL.User != nil {
		return fmt.Errorf("%w: a redirect carries a user name or password", ErrRefused)
	}
	first := via[0].URL
	for _, r := range append(via[1:len(via):len(via)], next) {
		if r.URL.Scheme != first.Scheme || r.URL.Host != first.Host {
			// The standard client would keep them for another port and for a domain below.
			for _, h := range []string{"Authorization", "Cookie", "Www-Authenticate", "Proxy-Authorization"} {
				next.Header.Del(h)
			}
			break
		}
	}
	return nil
}
