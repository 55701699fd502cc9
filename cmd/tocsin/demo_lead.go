package main

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/incidents"
	"github.com/tocsin-dev/tocsin/internal/markdown"
)

// led is the emergency that people of the demonstration lead.
const led = "INC-CVE-2021-44228"

// says has somebody do something, and shows what came of it: a refusal too, if one is wanted.
func (s *stage) says(who string, c tocsin.Command, refused bool) error {
	c.By, c.Source = local(who), "demo"
	_, err := s.service.Handle(s.ctx, led, c)
	switch {
	case err != nil && refused:
		fmt.Fprintf(s.w, "  %-6s wants to %s and may not: %s\n", who, c.Do, markdown.Line(err.Error(), 200))
		return nil
	case err != nil:
		return fmt.Errorf("%s wants to %s: %w", who, c.Do, err)
	case refused:
		return fmt.Errorf("%s was to be refused when they %s", who, c.Do)
	}
	events, err := s.service.Timeline(s.ctx, led)
	if err != nil {
		return err
	}
	for _, e := range events[max(s.told, 0):] {
		if e.Actor == who {
			fmt.Fprintf(s.w, "  %-6s %s\n", who, markdown.Line(e.Text, 200))
		}
	}
	s.told = len(events)
	return nil
}

// one is a line of a story.
type one struct {
	who     string
	do      tocsin.Command
	refused bool
}

func (s *stage) story(lines []one) error {
	events, err := s.service.Timeline(s.ctx, led)
	if err != nil {
		return err
	}
	s.told = len(events)
	for _, l := range lines {
		if err := s.says(l.who, l.do, l.refused); err != nil {
			return err
		}
	}
	return nil
}

// people is how an emergency is led: roles, a hand-over, and a public word that takes two.
func (s *stage) people() error {
	s.title("7. People lead it")
	fmt.Fprintf(s.w, "%s: who does what stands on its timeline. Roles give rights, and a role changes hands only when the other accepts.\n\n", led)
	err := s.story([]one{
		{"ada", tocsin.Command{Do: tocsin.DoTake, Role: tocsin.RoleCommander}, false},
		{"ada", tocsin.Command{Do: tocsin.DoFinish, Task: "lead", Text: "grace and maria are here"}, false},
		{"grace", tocsin.Command{Do: tocsin.DoTake, Role: tocsin.RoleTechnical}, false},
		{"maria", tocsin.Command{Do: tocsin.DoTake, Role: tocsin.RoleLiaison}, false},
		{"grace", tocsin.Command{Do: tocsin.DoNote, Text: "shop-api logs what strangers send; the lookup can be switched off until the upgrade is out"}, false},
		{"maria", tocsin.Command{Do: tocsin.DoDraft, Audience: tocsin.AudiencePublic, Stage: tocsin.StageFirst,
			Text: "Our shop uses a library with a known flaw, CVE-2021-44228. We are upgrading it now. We know of no misuse. You will hear from us again within four hours."}, false},
		{"maria", tocsin.Command{Do: tocsin.DoApprove, Message: "m1"}, true},
		{"ada", tocsin.Command{Do: tocsin.DoApprove, Message: "m1"}, false},
		{"maria", tocsin.Command{Do: tocsin.DoDraft, Audience: tocsin.AudienceMaintainers, Stage: tocsin.StageUpdate, Text: "The lookup is switched off in production. Please upgrade all the same: by tomorrow noon."}, false},
		{"grace", tocsin.Command{Do: tocsin.DoContain, Reason: "the lookup is switched off everywhere, and no new project has it"}, false},
		{"ada", tocsin.Command{Do: tocsin.DoOffer, Role: tocsin.RoleCommander, To: local("linus"), Reason: "twelve hours are enough"}, false},
		{"linus", tocsin.Command{Do: tocsin.DoResolve, Reason: "it will be fine"}, true},
		{"linus", tocsin.Command{Do: tocsin.DoAccept, Role: tocsin.RoleCommander}, false},
		{"linus", tocsin.Command{Do: tocsin.DoResolve, Reason: "it will be fine"}, true},
	})
	if err != nil {
		return err
	}
	_, err = s.service.Deliver(s.ctx)
	return err
}

// learn is what comes after: the review, and what the public can check.
func (s *stage) learn() error {
	s.title("9. What was learned, and what the public can check")
	err := s.story([]one{
		{"linus", tocsin.Command{Do: tocsin.DoDraft, Audience: tocsin.AudiencePublic, Stage: tocsin.StageFixed, Text: "The upgrade is out, and a scan found no affected version any more. Nothing was misused."}, false},
		{"linus", tocsin.Command{Do: tocsin.DoOffer, Role: tocsin.RoleRelease, To: local("ada")}, false},
		{"ada", tocsin.Command{Do: tocsin.DoAccept, Role: tocsin.RoleRelease}, false},
		{"ada", tocsin.Command{Do: tocsin.DoApprove, Message: "m3"}, false},
		{"linus", tocsin.Command{Do: tocsin.DoWrite, Section: tocsin.SectionSummary, Text: "A logging library ran code that strangers sent. It was upgraded before anybody used it against us."}, false},
		{"linus", tocsin.Command{Do: tocsin.DoWrite, Section: tocsin.SectionCauses, Text: "Nobody knew which services have the library through others."}, false},
		{"linus", tocsin.Command{Do: tocsin.DoAddAction, Text: "Send the SBOM of every build", To: local("grace"), Until: s.service.Now().Add(14 * tocsin.Day)}, false},
		{"linus", tocsin.Command{Do: tocsin.DoCredit, Text: "maria", Credit: tocsin.CreditCoord}, false},
		{"linus", tocsin.Command{Do: tocsin.DoCloseReview}, false},
	})
	if err != nil {
		return err
	}
	if _, err := s.service.Deliver(s.ctx); err != nil {
		return err
	}
	inc, err := s.service.Store().Incident(s.ctx, led)
	if err != nil {
		return err
	}
	events, err := s.service.Timeline(s.ctx, led)
	if err != nil {
		return err
	}
	if _, err := tocsin.VerifyTimeline(events); err != nil {
		return err
	}
	public, _ := incidents.Publish(inc)
	if err := public.Verify(); err != nil {
		return err
	}
	fmt.Fprintf(s.w, "\nThe timeline has %d events, each chained to the one before it; the public may read %d of what was said:\n\n", len(events), len(public.Entries))
	fmt.Fprintln(s.w, quote(incidents.PublicMarkdown(public)))
	if err := os.WriteFile(filepath.Join(s.dir, "review.md"), []byte(incidents.ReviewMarkdown(inc, events)), 0o644); err != nil {
		return fmt.Errorf("keeping the review: %w", err)
	}
	return nil
}
