package routes

import (
	"cmp"
	"crypto/sha256"
	"fmt"
	"net"
	"net/mail"
	"slices"
	"strings"
	"time"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/internal/pattern"
	"github.com/tocsin-dev/tocsin/internal/yamlfile"
)

// What a file has is bounded, far above what people can look after.
const (
	maxReceivers = 500
	maxRoutes    = 500
	maxInhibits  = 100
	maxValues    = 200 // of one key of a match
	maxText      = 200 // of a name, in bytes
	maxLimit     = 10_000
	maxSpan      = 7 * tocsin.Day
)

type (
	str   = yamlfile.Value[string]
	count = yamlfile.Value[int]
	span  = yamlfile.Value[yamlfile.Duration]
)

// file is the YAML form.
type file struct {
	Notify  str   `yaml:"notify"`
	Version count `yaml:"version"`
	Zone    str   `yaml:"zone"`
	Mail    struct {
		Server   str          `yaml:"server"`
		From     str          `yaml:"from"`
		User     str          `yaml:"user"`
		Password yamlfile.Ref `yaml:"password"`
	} `yaml:"mail"`
	Receivers []fileReceiver `yaml:"receivers"`
	Routes    []fileRoute    `yaml:"routes"`
	Inhibit   []struct {
		When map[string][]str `yaml:"when"`
		Mute map[string][]str `yaml:"mute"`
		Same str              `yaml:"same"`
	} `yaml:"inhibit"`
}

type fileReceiver struct {
	Receiver  str                  `yaml:"receiver"`
	Chat      yamlfile.Ref         `yaml:"chat"`
	Pager     yamlfile.Ref         `yaml:"pager"`
	Mail      yamlfile.Ref         `yaml:"mail"`
	Webhook   yamlfile.Ref         `yaml:"webhook"`
	Key       yamlfile.Ref         `yaml:"key"`
	Audience  str                  `yaml:"audience"`
	Embargoed yamlfile.Value[bool] `yaml:"embargoed"`
	Zone      str                  `yaml:"zone"`
	Hours     str                  `yaml:"hours"`
	Limits    struct {
		Hour count `yaml:"hour"`
		Day  count `yaml:"day"`
	} `yaml:"limits"`
}

type fileRoute struct {
	Route  str              `yaml:"route"`
	Match  map[string][]str `yaml:"match"`
	To     []str            `yaml:"to"`
	Wait   span             `yaml:"wait"`
	Every  span             `yaml:"every"`
	Repeat span             `yaml:"repeat"`
	Digest str              `yaml:"digest"`
}

// Load reads and checks a file. The error joins everything that is wrong, each with file, line and column. Secrets are not read, so that a
// file can be checked anywhere.
func Load(name string, data []byte) (Routes, error) {
	var f file
	l := loader{name: name, problems: yamlfile.Decode(name, data, &f)}
	if f.Notify.V == "" {
		l.fault(f.Notify, "notify: is missing: give it a name")
	}
	if f.Version.V < 1 {
		l.fault(f.Version, "version: want a number from 1")
	}
	l.out = Routes{Name: f.Notify.V, Version: f.Version.V, Digest: fmt.Sprintf("sha256:%x", sha256.Sum256(data))}
	l.server(f)
	l.receivers(f)
	l.routes(f)
	l.inhibits(f)
	return l.out, yamlfile.Join(l.problems)
}

type loader struct {
	name     string
	out      Routes
	problems []yamlfile.Problem
}

func (l *loader) fault(v interface{ Place() (int, int) }, format string, args ...any) {
	line, column := v.Place()
	l.problems = append(l.problems, yamlfile.Problem{File: l.name, Line: line, Column: column, Text: fmt.Sprintf(format, args...)})
}

func (l *loader) server(f file) {
	m := f.Mail
	l.out.Mail = Server{Address: m.Server.V, From: m.From.V, User: m.User.V, Password: m.Password}
	if !m.Server.IsSet() {
		if m.From.IsSet() || m.User.IsSet() || m.Password.IsSet() {
			l.fault(m.From, "mail: server: is missing: want host:port")
		}
		return
	}
	if host, port, err := net.SplitHostPort(m.Server.V); err != nil || host == "" || port == "" {
		l.fault(m.Server, "mail: server: want host:port, such as smtp.example.com:587")
	}
	if _, err := mail.ParseAddress(m.From.V); err != nil {
		l.fault(m.From, "mail: from: want an address such as Tocsin <tocsin@example.com>")
	}
	if m.User.IsSet() != m.Password.IsSet() {
		l.fault(m.User, "mail: user: and password: go together")
	}
	l.ref("mail: password", m.Password)
}

// variable is how an environment variable may be called.
var variable = pattern.Lazy(`^[A-Za-z_][A-Za-z0-9_]*$`)

// ref checks where a secret is said to be. What stands there may be the secret, and is never shown.
func (l *loader) ref(key string, r yamlfile.Ref) {
	switch {
	case r.File.IsSet() && r.Env.IsSet():
		l.fault(r.Env, "%s: give file: or env:, not both", key)
	case r.Env.IsSet() && !variable().MatchString(r.Env.V), r.File.IsSet() && (r.File.V == "" || strings.Contains(r.File.V, "://")):
		l.fault(cmp.Or(r.Env, r.File), "%s: want the name of a file or of an environment variable, never the address itself", key)
	}
}

// name is what receivers and routes are called: it stands in keys.
var name = pattern.Lazy(`^[\pL\pN][\pL\pN._-]*$`)

func (l *loader) named(kind string, v str, taken map[string]bool) {
	switch {
	case v.V == "":
		l.fault(v, "%s: is missing: give it a name", kind)
	case len(v.V) > maxText || !name().MatchString(v.V):
		l.fault(v, "%s: %q: want one word of letters, digits, dots and dashes", kind, v.V)
	case taken[v.V]:
		l.fault(v, "%s: %s stands twice", kind, v.V)
	}
	taken[v.V] = true
}

func (l *loader) receivers(f file) {
	if len(f.Receivers) > maxReceivers {
		l.fault(f.Receivers[maxReceivers].Receiver, "receivers: at most %d", maxReceivers)
		return
	}
	taken := map[string]bool{}
	for _, v := range f.Receivers {
		l.named("receiver", v.Receiver, taken)
		of := "receiver " + v.Receiver.V
		out := Receiver{
			Name: v.Receiver.V, Key: v.Key, Audience: tocsin.VisibilityPrivate, Embargoed: v.Embargoed.V, Line: v.Receiver.Line,
			Zone: l.zone(of, cmp.Or(v.Zone, f.Zone)), PerHour: l.limit(of, "hour", v.Limits.Hour), PerDay: l.limit(of, "day", v.Limits.Day),
		}
		ways := 0
		for channel, r := range map[Channel]yamlfile.Ref{ChannelChat: v.Chat, ChannelPager: v.Pager, ChannelMail: v.Mail, ChannelWebhook: v.Webhook} {
			if r.IsSet() {
				ways++
				out.Channel, out.Address = channel, r
				l.ref(of+": "+string(channel), r)
			}
		}
		if ways != 1 {
			l.fault(v.Receiver, "%s: want one of chat:, pager:, mail: and webhook:, with the {env: NAME} or {file: PATH} that has the address", of)
		}
		if v.Key.IsSet() != (out.Channel == ChannelWebhook) {
			l.fault(v.Receiver, "%s: key: signs what goes to a webhook, and each webhook needs one", of)
		}
		l.ref(of+": key", v.Key)
		if out.Channel == ChannelMail && l.out.Mail.Address == "" {
			l.fault(v.Receiver, "%s: mail: server: is missing at the top of the file", of)
		}
		switch a := tocsin.Visibility(v.Audience.V); a {
		case "", tocsin.VisibilityPrivate:
		case tocsin.VisibilityPublic:
			out.Audience = a
			if out.Embargoed {
				l.fault(v.Embargoed, "%s: embargoed: what is under embargo is not for the public", of)
			}
		default:
			l.fault(v.Audience, "%s: audience: %q: want private or public", of, v.Audience.V)
		}
		if v.Hours.IsSet() {
			var ok bool
			if out.Hours, ok = tocsin.ParseHours(v.Hours.V); !ok {
				l.fault(v.Hours, "%s: hours: %q: want days and times, such as mon-fri 09:00-17:00", of, v.Hours.V)
			}
		}
		l.out.Receivers = append(l.out.Receivers, out)
	}
}

func (l *loader) zone(of string, v str) *time.Location {
	if !v.IsSet() {
		return time.UTC
	}
	z, err := time.LoadLocation(v.V)
	if err != nil || v.V == "" || v.V == "Local" {
		l.fault(v, "%s: zone: %q: want a name of the time zone database, such as Europe/Berlin", of, v.V)
		return time.UTC
	}
	return z
}

func (l *loader) limit(of, key string, v count) int {
	if v.IsSet() && (v.V < 1 || v.V > maxLimit) {
		l.fault(v, "%s: limits: %s: want 1 to %d notices, or leave it out", of, key, maxLimit)
	}
	return v.V
}

func (l *loader) routes(f file) {
	if len(f.Routes) > maxRoutes {
		l.fault(f.Routes[maxRoutes].Route, "routes: at most %d", maxRoutes)
		return
	}
	taken := map[string]bool{}
	for _, v := range f.Routes {
		l.named("route", v.Route, taken)
		of := "route " + v.Route.V
		out := Route{Name: v.Route.V, Match: l.match(v.Route, of+": match", v.Match), Line: v.Route.Line,
			Wait: l.span(of+": wait", v.Wait, time.Second), Every: l.span(of+": every", v.Every, time.Second), Repeat: l.span(of+": repeat", v.Repeat, time.Minute)}
		if len(v.To) == 0 || len(v.To) > maxReceivers {
			l.fault(v.Route, "%s: to: want the names of receivers", of)
		}
		for _, to := range v.To {
			if _, ok := l.out.Receiver(to.V); !ok {
				l.fault(to, "%s: to: there is no receiver %q", of, to.V)
			}
			out.To = append(out.To, to.V)
		}
		if v.Digest.IsSet() {
			h, ok := tocsin.ParseHours(v.Digest.V + "-24:00")
			if !ok {
				l.fault(v.Digest, "%s: digest: %q: want days and a time, such as mon-fri 09:00", of, v.Digest.V)
			}
			out.Digest = &Digest{Days: h.Days, At: h.From}
		}
		l.out.Routes = append(l.out.Routes, out)
	}
}

func (l *loader) span(of string, v span, least time.Duration) time.Duration {
	d := time.Duration(v.V)
	if v.IsSet() && (d < least || d > maxSpan) {
		l.fault(v, "%s: %s: want a time from %s to %s", of, d, least, maxSpan)
	}
	return d
}

func (l *loader) match(owner str, of string, m map[string][]str) (out tocsin.NoticeMatch) {
	for _, key := range sorted(m) {
		if len(m[key]) == 0 || len(m[key]) > maxValues || key == "receiver" || key == "incident" {
			l.fault(owner, "%s: %s: want urgency, severity, group, project, playbook or news, with 1 to %d values", of, key, maxValues)
			continue
		}
		for _, v := range m[key] {
			if err := out.Add(key, []string{v.V}); err != nil {
				l.fault(v, "%s: %v", of, err)
			}
		}
	}
	return out
}

func (l *loader) inhibits(f file) {
	if len(f.Inhibit) > maxInhibits {
		l.fault(f.Inhibit[maxInhibits].Same, "inhibit: at most %d", maxInhibits)
		return
	}
	for n, v := range f.Inhibit {
		of := fmt.Sprintf("inhibit: rule %d", n+1)
		out := Inhibit{When: l.match(v.Same, of+": when", v.When), Mute: l.match(v.Same, of+": mute", v.Mute), Same: v.Same.V}
		if len(v.When) == 0 || len(v.Mute) == 0 || len(out.When.News) > 0 {
			l.fault(v.Same, "%s: want when: of an incident that is open, and mute: of those that are not told meanwhile", of)
		}
		if !slices.Contains([]string{"", "group", "class", "project"}, out.Same) {
			l.fault(v.Same, "%s: same: %q: want group, class or project", of, out.Same)
		}
		l.out.Inhibits = append(l.out.Inhibits, out)
	}
}

func sorted[V any](m map[string]V) []string {
	out := make([]string, 0, len(m))
	for k := range m {
		out = append(out, k)
	}
	slices.Sort(out)
	return out
}
