package netguard

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"

	"golang.org/x/net/dns/dnsmessage"

	"github.com/tocsin-dev/tocsin"
)

var loopback = Allow{Prefixes: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}}

// Nothing of this machine, its network or its cloud is reached, however the address is written.
func TestPrivateAddressesAreRefused(t *testing.T) {
	for _, host := range []string{
		"127.0.0.1", "127.8.8.8", "0.0.0.0", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "224.0.0.1", "255.255.255.255",
		"192.0.0.192", "198.18.0.1",
		"::1", "::", "fe80::1", "fe80::1%lo", "fc00::1", "fd00:ec2::254", "ff02::1", "fec0::1",
		"::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:a9fe:a9fe", "::127.0.0.1", // mapped and compatible
		"64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe", "64:ff9b:1::a00:1", // NAT64
		"2002:7f00:1::", "2002:a9fe:a9fe::1", "2001::1", // 6to4, Teredo
	} {
		conn, err := Transport(Allow{}).DialContext(t.Context(), "tcp", net.JoinHostPort(host, "80"))
		if err == nil {
			t.Errorf("%s: connected to %s", host, conn.RemoteAddr())
			continue
		}
		if !errors.Is(err, ErrRefused) || !errors.Is(err, tocsin.ErrForbidden) {
			t.Errorf("%s: %v", host, err)
		}
	}
}

// Nor is it by a name, or by a number that some resolvers take for an address.
func TestNamesOfPrivateAddressesAreRefused(t *testing.T) {
	names := resolver(t, func(string, int) string { return "127.0.0.1" })
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("reached") }))
	defer server.Close()
	_, port, _ := net.SplitHostPort(server.Listener.Addr().String())
	for _, host := range []string{"inside.example.org", "localhost.", "2130706433.example", "0x7f.1.example"} {
		_, err := transport(Allow{}, names).DialContext(t.Context(), "tcp", net.JoinHostPort(host, port))
		if !errors.Is(err, ErrRefused) {
			t.Errorf("%s: %v", host, err)
		}
		if err != nil && strings.Contains(err.Error(), "127.0.0.1") {
			t.Errorf("the error tells what the name resolves to: %v", err)
		}
	}
	for _, host := range []string{"2130706433", "0x7f000001", "017700000001", "127.1"} {
		if conn, err := Transport(Allow{}).DialContext(t.Context(), "tcp", net.JoinHostPort(host, port)); err == nil {
			t.Errorf("%s: connected to %s", host, conn.RemoteAddr())
		}
	}
}

// A name that was public when it was looked at and is private when it is dialled is judged by what is dialled.
func TestRebindingGainsNothing(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("reached") }))
	defer server.Close()
	_, port, _ := net.SplitHostPort(server.Listener.Addr().String())
	names := resolver(t, func(_ string, time int) string {
		if time == 0 {
			return "8.8.8.8"
		}
		return "127.0.0.1"
	})
	first, err := names.LookupNetIP(t.Context(), "ip4", "rebind.example.org")
	if err != nil || first[0].String() != "8.8.8.8" {
		t.Fatalf("%v, %v", first, err)
	}
	client := &http.Client{Transport: transport(Allow{}, names), CheckRedirect: Redirect}
	if _, err := client.Get("http://rebind.example.org:" + port); !errors.Is(err, ErrRefused) {
		t.Error(err)
	}
}

func TestWhatIsAllowedIsReached(t *testing.T) {
	server := httptest.NewServer(http.NotFoundHandler())
	defer server.Close()
	_, port, _ := net.SplitHostPort(server.Listener.Addr().String())
	names := resolver(t, func(string, int) string { return "127.0.0.1" })
	for name, c := range map[string]struct {
		allow Allow
		host  string
	}{
		"network":            {loopback, "127.0.0.1"},
		"name in a network":  {loopback, "git.example.org"},
		"name":               {Allow{Hosts: []string{"Git.Example.org"}}, "git.example.org"},
		"name, fully stated": {Allow{Hosts: []string{"git.example.org"}}, "git.example.org."},
	} {
		conn, err := transport(c.allow, names).DialContext(t.Context(), "tcp", net.JoinHostPort(c.host, port))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		conn.Close()
	}
	if _, err := transport(Allow{Hosts: []string{"example.org"}}, names).DialContext(t.Context(), "tcp", "git.example.org:"+port); !errors.Is(err, ErrRefused) {
		t.Errorf("a name below an allowed one: %v", err)
	}
}

func TestNoProxy(t *testing.T) {
	if Transport(Allow{}).Proxy != nil {
		t.Error("a proxy would resolve the names")
	}
}

// A redirect is another request, and is judged as one.
func TestRedirectToPrivateAddressIsRefused(t *testing.T) {
	var to atomic.Value
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, to.Load().(string), http.StatusFound)
	}))
	defer server.Close()
	client := &http.Client{Transport: Transport(loopback), CheckRedirect: Redirect}
	for _, address := range []string{
		"http://169.254.169.254/latest/meta-data/", "http://[::1]:1/", "http://[::ffff:10.0.0.1]/", "http://10.0.0.1/", "http://[64:ff9b::a9fe:a9fe]/",
		"ftp://example.org/", "file:///etc/passwd", "http://user:hunter2@127.0.0.1/", server.URL,
	} {
		to.Store(address)
		resp, err := client.Get(server.URL)
		if !errors.Is(err, ErrRefused) {
			t.Errorf("%s: %v, %v", address, resp, err)
		}
	}
}

func TestRedirectRule(t *testing.T) {
	secret := http.Header{"Authorization": {"Bearer t"}, "Cookie": {"c=1"}, "Accept": {"text/plain"}}
	for name, c := range map[string]struct {
		hops    []string
		keeps   bool
		refused string
	}{
		"same place":           {hops: []string{"https://a.example/1", "https://a.example/2"}, keeps: true},
		"another host":         {hops: []string{"https://a.example/1", "https://b.example/2"}},
		"a host below":         {hops: []string{"https://a.example/1", "https://x.a.example/2"}},
		"another port":         {hops: []string{"https://a.example/1", "https://a.example:8443/2"}},
		"there and back":       {hops: []string{"https://a.example/1", "https://b.example/2", "https://a.example/3"}},
		"to plain HTTP":        {hops: []string{"https://a.example/1", "http://a.example/2"}, refused: "https to http"},
		"plain to secure":      {hops: []string{"http://a.example/1", "https://a.example/2"}},
		"up and down":          {hops: []string{"http://a.example/1", "https://a.example/2", "http://a.example/3"}, refused: "https to http"},
		"the fifth":            {hops: []string{"https://a/0", "https://a/1", "https://a/2", "https://a/3", "https://a/4", "https://a/5"}, keeps: true},
		"the sixth":            {hops: []string{"https://a/0", "https://a/1", "https://a/2", "https://a/3", "https://a/4", "https://a/5", "https://a/6"}, refused: "over 5"},
		"a password":           {hops: []string{"https://a/0", "https://u:hunter2@a/1"}, refused: "user name"},
		"another kind of URL":  {hops: []string{"https://a/0", "gopher://a/1"}, refused: "gopher"},
		"another kind in http": {hops: []string{"http://a/0", "gopher://a/1"}, refused: "gopher"},
	} {
		var via []*http.Request
		for _, h := range c.hops {
			r, err := http.NewRequestWithContext(context.Background(), http.MethodGet, h, nil)
			if err != nil {
				t.Fatal(err)
			}
			r.Header = secret.Clone()
			via = append(via, r)
		}
		last := via[len(via)-1]
		err := Redirect(last, via[:len(via)-1])
		if c.refused != "" {
			if !errors.Is(err, ErrRefused) || !strings.Contains(err.Error(), c.refused) || strings.Contains(err.Error(), "hunter2") {
				t.Errorf("%s: %v", name, err)
			}
			continue
		}
		if kept := last.Header.Get("Authorization") != ""; err != nil || kept != c.keeps || last.Header.Get("Cookie") == "" == c.keeps || last.Header.Get("Accept") == "" {
			t.Errorf("%s: %v, headers %v", name, err, last.Header)
		}
	}
}

// resolver asks a name server of the test, whose answers may change from one time to the next.
func resolver(t *testing.T, answer func(name string, time int) string) *net.Resolver {
	t.Helper()
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		times := map[string]int{}
		buf := make([]byte, 1500)
		for {
			n, from, err := conn.ReadFrom(buf)
			if err != nil {
				return
			}
			var m dnsmessage.Message
			if m.Unpack(buf[:n]) != nil || len(m.Questions) != 1 {
				continue
			}
			m.Response, m.Additionals = true, nil
			if q := m.Questions[0]; q.Type == dnsmessage.TypeA {
				name := q.Name.String()
				a := netip.MustParseAddr(answer(name, times[name])).As4()
				times[name]++
				m.Answers = []dnsmessage.Resource{{Header: dnsmessage.ResourceHeader{Name: q.Name, Class: q.Class}, Body: &dnsmessage.AResource{A: a}}}
			}
			if b, err := m.Pack(); err == nil {
				_, _ = conn.WriteTo(b, from)
			}
		}
	}()
	t.Cleanup(func() { conn.Close(); <-done })
	return &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "udp", conn.LocalAddr().String())
	}}
}
