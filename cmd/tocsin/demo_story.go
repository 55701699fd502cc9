package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"path/filepath"
	"strings"
	"time"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/internal/demo"
	"github.com/tocsin-dev/tocsin/internal/web"
)

const (
	// over is the emergency that is over and learned from.
	over = "INC-CVE-2014-0160-platform"
	// running is the one that is not.
	running = "INC-CVE-2021-44228-shop"
	// lastMonth is how long ago it began, and thisMorning the one that is running.
	lastMonth   = 30 * tocsin.Day
	thisMorning = 3*time.Hour + 45*time.Minute
)

// signIn has everybody sign in once as they will in their browser, and learns the ids that they act under. What answers is the service
// itself, before it opens: at its address nobody is let in yet.
func (s *scene) signIn(service http.Handler) error {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return fmt.Errorf("listening on the loopback: %w", err)
	}
	server := &http.Server{Handler: service, ReadHeaderTimeout: 10 * time.Second}
	served := make(chan error, 1)
	go func() { served <- server.Serve(l) }()
	dial := func(ctx context.Context, network, address string) (net.Conn, error) {
		if "http://"+address == s.base {
			address = l.Addr().String()
		}
		return (&net.Dialer{}).DialContext(ctx, network, address)
	}
	transport := &http.Transport{DialContext: dial}
	for _, p := range demo.People() {
		me, err1 := signInAs(s.ctx, transport, s.base, p.Subject)
		if err = err1; err != nil {
			err = fmt.Errorf("%s signs in: %w", p.Name, err)
			break
		}
		s.ids[p.Name] = me.ID
	}
	transport.CloseIdleConnections()
	err = errors.Join(err, server.Close())
	if e := <-served; !errors.Is(e, http.ErrServerClosed) {
		err = errors.Join(err, e)
	}
	if err != nil {
		return err
	}
	if err := demo.Settings(filepath.Join(s.dir, "settings"), s.deaf, s.ids, s.clock.now(), &s.config); err != nil {
		return err
	}
	return s.service.Configure(s.config)
}

// signInAs goes through the sign-in as a browser does, chooses somebody on the issuer's page, and gives who they are to the service.
func signInAs(ctx context.Context, transport http.RoundTripper, base, subject string) (me web.Me, err error) {
	jar, err := cookiejar.New(nil)
	if err != nil {
		return me, err
	}
	client := &http.Client{Jar: jar, Transport: transport, Timeout: time.Minute}
	ask := func(method, at, body string) (*url.URL, []byte, error) {
		r, err := http.NewRequestWithContext(ctx, method, at, strings.NewReader(body))
		if err != nil {
			return nil, nil, err
		}
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		resp, err := client.Do(r)
		if err != nil {
			return nil, nil, err
		}
		defer resp.Body.Close()
		text, err := io.ReadAll(io.LimitReader(resp.Body, 1<<20))
		if err == nil && resp.StatusCode != http.StatusOK {
			err = fmt.Errorf("%s answered %s", resp.Request.URL.Path, resp.Status)
		}
		return resp.Request.URL, text, err
	}
	page, _, err := ask(http.MethodGet, base+"/auth/login?next=/v1/me", "")
	if err != nil {
		return me, err
	}
	_, text, err := ask(http.MethodPost, page.String(), url.Values{"person": {subject}}.Encode())
	if err != nil {
		return me, err
	}
	return me, json.Unmarshal(text, &me)
}

// somebody is a person of the demonstration as they are known when they sign in.
func (s *scene) somebody(name string) tocsin.Actor { return tocsin.Actor{ID: s.ids[name], Name: name} }

// A turn is what somebody does some time after an emergency began.
type turn struct {
	after time.Duration
	who   string
	do    tocsin.Command
}

// plays has people act in an emergency that began some time ago.
func (s *scene) plays(key string, began time.Duration, turns []turn) error {
	for _, t := range turns {
		s.clock.since(began - t.after)
		t.do.By, t.do.Source = s.somebody(t.who), "demo"
		if _, err := s.service.Handle(s.ctx, key, t.do); err != nil {
			return fmt.Errorf("%s: %s wants to %s: %w", key, t.who, t.do.Do, err)
		}
	}
	return nil
}

// watches scans the portfolio as it is, some time ago, and carries out what follows.
func (s *scene) watches(ago time.Duration) error {
	s.clock.since(ago)
	r, err := s.service.Once(s.ctx)
	return errors.Join(err, r.Feeds)
}

// lastMonth is an emergency from its beginning to its lessons.
func (s *scene) lastMonth() error {
	if err := s.watches(lastMonth); err != nil {
		return err
	}
	err := s.plays(over, lastMonth, []turn{
		{12 * time.Minute, "edsger", tocsin.Command{Do: tocsin.DoTake, Role: tocsin.RoleCommander}},
		{14 * time.Minute, "grace", tocsin.Command{Do: tocsin.DoTake, Role: tocsin.RoleTechnical}},
		{15 * time.Minute, "maria", tocsin.Command{Do: tocsin.DoTake, Role: tocsin.RoleLiaison}},
		{18 * time.Minute, "ada", tocsin.Command{Do: tocsin.DoTake, Role: tocsin.RoleRelease}},
		{20 * time.Minute, "edsger", tocsin.Command{Do: tocsin.DoFinish, Task: "lead", Text: "all four roles are filled"}},
		{40 * time.Minute, "maria", tocsin.Command{Do: tocsin.DoDraft, Audience: tocsin.AudienceMaintainers, Stage: tocsin.StageFirst}},
		{42 * time.Minute, "maria", tocsin.Command{Do: tocsin.DoFinish, Task: "tell", Text: "message m1"}},
		{time.Hour, "grace", tocsin.Command{Do: tocsin.DoFinish, Task: "confirm", Text: "the image of 3 October runs at the edge, and answers everybody"}},
		{65 * time.Minute, "edsger", tocsin.Command{Do: tocsin.DoAnswer, Point: "remedy", Answer: "upgrade", Reason: "Debian has the fixed package"}},
		{70 * time.Minute, "grace", tocsin.Command{Do: tocsin.DoContain, Reason: "heartbeats are dropped in front of the image"}},
		{4 * time.Hour, "ada", tocsin.Command{Do: tocsin.DoFinish, Task: "upgrade", Text: "the image was built anew with openssl 1.0.1e-2+deb7u5, and its certificate replaced"}},
	})
	if err != nil {
		return err
	}
	if err := demo.UpgradeImage(filepath.Join(s.dir, "portfolio")); err != nil {
		return err
	}
	if err := s.watches(lastMonth - 5*time.Hour); err != nil {
		return err
	}
	err = s.plays(over, lastMonth, []turn{
		{6 * time.Hour, "maria", tocsin.Command{Do: tocsin.DoDraft, Audience: tocsin.AudiencePublic, Stage: tocsin.StageFixed,
			Text: "The servers at our edge could be made to show parts of their memory (CVE-2014-0160). They run the fixed version now, with a new certificate. Please sign in again."}},
		{7 * time.Hour, "ada", tocsin.Command{Do: tocsin.DoApprove, Message: "m2"}},
		{2 * tocsin.Day, "edsger", tocsin.Command{Do: tocsin.DoWrite, Section: tocsin.SectionSummary, Text: "A flaw in OpenSSL let strangers read the memory of our edge. It was closed five hours after we knew."}},
		{2 * tocsin.Day, "edsger", tocsin.Command{Do: tocsin.DoWrite, Section: tocsin.SectionImpact, Text: "We cannot know whether memory was read. Certificates were replaced, and everybody was signed out."}},
		{2 * tocsin.Day, "edsger", tocsin.Command{Do: tocsin.DoWrite, Section: tocsin.SectionCauses, Text: "The base image was two years old: nobody was told when it fell behind."}},
		{2 * tocsin.Day, "edsger", tocsin.Command{Do: tocsin.DoWrite, Section: tocsin.SectionHelped, Text: "The SBOM of the image said within a minute what was in it."}},
		{2 * tocsin.Day, "edsger", tocsin.Command{Do: tocsin.DoWrite, Section: tocsin.SectionHindered, Text: "Only one person could replace the certificate."}},
		{2 * tocsin.Day, "edsger", tocsin.Command{Do: tocsin.DoWrite, Section: tocsin.SectionChanges, Text: "Images are built anew each week."}},
		{2 * tocsin.Day, "edsger", tocsin.Command{Do: tocsin.DoAddAction, Text: "Build the edge image anew each week", To: s.somebody("edsger"), Until: s.clock.now().Add(15 * tocsin.Day)}},
		{2 * tocsin.Day, "edsger", tocsin.Command{Do: tocsin.DoAddAction, Text: "Let three people replace certificates", To: s.somebody("grace"), Until: s.clock.now().Add(45 * tocsin.Day)}},
		{2 * tocsin.Day, "grace", tocsin.Command{Do: tocsin.DoEffort, Minutes: 240}},
		{2 * tocsin.Day, "edsger", tocsin.Command{Do: tocsin.DoCredit, Text: "maria", Credit: tocsin.CreditCoord}},
		{50 * time.Hour, "edsger", tocsin.Command{Do: tocsin.DoCloseReview}},
		{12 * tocsin.Day, "edsger", tocsin.Command{Do: tocsin.DoFinishAction, Task: "a1", Text: "the pipeline does it on Mondays"}},
	})
	if err != nil {
		return err
	}
	_, err = s.service.Deliver(s.ctx)
	return err
}

// today is an emergency up to its middle: what is left to do is for whoever signs in.
func (s *scene) today() error {
	s.config.Projects = demo.Grouped(s.projects, "")
	if err := s.service.Configure(s.config); err != nil {
		return err
	}
	if err := s.watches(thisMorning); err != nil {
		return err
	}
	err := s.plays(running, thisMorning, []turn{
		{2 * time.Minute, "ada", tocsin.Command{Do: tocsin.DoAck}},
		{4 * time.Minute, "ada", tocsin.Command{Do: tocsin.DoTake, Role: tocsin.RoleCommander}},
		{9 * time.Minute, "grace", tocsin.Command{Do: tocsin.DoTake, Role: tocsin.RoleTechnical}},
		{11 * time.Minute, "maria", tocsin.Command{Do: tocsin.DoTake, Role: tocsin.RoleLiaison}},
		{12 * time.Minute, "ada", tocsin.Command{Do: tocsin.DoFinish, Task: "lead", Text: "grace and maria are here; a release manager is asked"}},
		{15 * time.Minute, "maria", tocsin.Command{Do: tocsin.DoDraft, Audience: tocsin.AudienceMaintainers, Stage: tocsin.StageFirst}},
		{16 * time.Minute, "maria", tocsin.Command{Do: tocsin.DoFinish, Task: "tell", Text: "message m1"}},
		{30 * time.Minute, "grace", tocsin.Command{Do: tocsin.DoNote, Text: "shop-api logs what strangers send; the lookup can be switched off until the upgrade is out"}},
		{55 * time.Minute, "grace", tocsin.Command{Do: tocsin.DoFinish, Task: "confirm", Text: "2.14.1 runs in production in all three; only batch-jobs cannot be reached from outside"}},
		{time.Hour, "ada", tocsin.Command{Do: tocsin.DoAnswer, Point: "remedy", Answer: "upgrade", Reason: "2.17.1 is out, and Maven Central serves it"}},
		{80 * time.Minute, "grace", tocsin.Command{Do: tocsin.DoContain, Reason: "the lookup is switched off everywhere, and no new project has it"}},
	})
	if err != nil {
		return err
	}
	if err := demo.UpgradeJobs(filepath.Join(s.dir, "portfolio")); err != nil {
		return err
	}
	if err := s.watches(thisMorning - 2*time.Hour); err != nil {
		return err
	}
	err = s.plays(running, thisMorning, []turn{
		{150 * time.Minute, "grace", tocsin.Command{Do: tocsin.DoProduct, Projects: []string{"shop-api"}, Product: tocsin.ProductAffected, Range: ">= 7.0.0, < 7.4.2"}},
		{155 * time.Minute, "maria", tocsin.Command{Do: tocsin.DoAdvise, Section: tocsin.Section("mitigation"), Text: "Set log4j2.formatMsgNoLookups to true until you have 7.4.2."}},
		{200 * time.Minute, "maria", tocsin.Command{Do: tocsin.DoDraft, Audience: tocsin.AudiencePublic, Stage: tocsin.StageFirst,
			Text: "Our shop uses a library with a known flaw, CVE-2021-44228. The flaw is switched off, and we are upgrading. We know of no misuse. You will hear from us again within four hours."}},
		{220 * time.Minute, "ada", tocsin.Command{Do: tocsin.DoOffer, Role: tocsin.RoleRelease, To: s.somebody("grace"), Reason: "you know how the shop is released"}},
	})
	if err != nil {
		return err
	}
	if _, err := s.service.Deliver(s.ctx); err != nil {
		return err
	}
	return s.half()
}

// half has one of the two people who are needed agree to the advisory drafts that wait.
func (s *scene) half() error {
	rows, err := s.service.Store().Actions(s.ctx)
	if err != nil {
		return err
	}
	for _, r := range rows {
		if r.State != tocsin.ActionWaiting || r.Action.Kind != tocsin.ActionDraft {
			continue
		}
		if _, err := s.service.Store().Judge(s.ctx, r.Action.Key, "grace", true, s.clock.now()); err != nil {
			return err
		}
	}
	return nil
}
