package app

import (
	"errors"
	"slices"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/incidents"
	"github.com/tocsin-dev/tocsin/internal/config"
	"github.com/tocsin-dev/tocsin/notify/routes"
	"github.com/tocsin-dev/tocsin/policies/exceptions"
)

// settings are what a configuration says, read whole before anything of it holds.
type settings struct {
	config config.Config
	// file are the policies of the configuration, held what two people agreed to beside it, and policies what follows from both.
	file, policies Modes
	held           []tocsin.PolicyChange
	overruled      map[string]overruling
	excused        []tocsin.Exception
	law            incidents.Rules
	routes         routes.Routes
	tellers        map[string]teller
}

// Configure takes policies, exceptions, governance, playbooks, routes and projects from a configuration. After an error everything is as it was. What a process opened at
// its start (data, database, addresses, credentials) stays.
func (s *Service) Configure(c config.Config) error {
	modes, err1 := PoliciesByMode(c.Policies)
	excused, err2 := Exceptions(c.Exceptions, s.opts.Now())
	rules, err3 := Governance(c.Governance)
	books, accept, err4 := Playbooks(c.Playbooks)
	paths, err5 := Routes(c.Notify)
	tell, err6 := tellers(c, paths, rules, s.transport)
	if err := errors.Join(err1, err2, err3, err4, err5, err6); err != nil {
		return err
	}
	law := incidents.Rules{Playbooks: books, Governance: rules, Accept: accept, Publisher: c.Publisher}
	law.AsksChecks = c.GitHub.SignsIn()
	law.Asks = func(ecosystem string) bool { return c.Registries[ecosystem] != "" }
	next := settings{config: c, file: modes, excused: s.usable(c, excused), law: law, routes: paths, tellers: tell}
	s.settling.Lock()
	defer s.settling.Unlock()
	if before := s.set(); before != nil {
		next.held = before.held
	}
	s.settle(next)
	return nil
}

// set is what the configuration says now.
func (s *Service) set() *settings { return s.settings.Load() }

// usable says what of the exceptions is left unused, and gives the rest. A statement about a component of a product needs
// a project that publishes it.
func (s *Service) usable(c config.Config, f exceptions.File) []tocsin.Exception {
	for _, p := range f.Unused {
		s.log.Warn("leave exception unused", "err", p)
	}
	if f.MoreUnused > 0 {
		s.log.Warn("leave more exceptions unused", "count", f.MoreUnused)
	}
	return slices.DeleteFunc(f.Exceptions, func(x tocsin.Exception) bool {
		if x.Product == "" || slices.ContainsFunc(c.Projects, func(p config.Project) bool { return exceptions.Publishes(p.Project, x.Product) }) {
			return false
		}
		s.log.Warn("leave exception unused", "source", x.Source, "err", "no project publishes "+x.Product)
		return true
	})
}

// settle has settings hold from now on. It is called by one goroutine at a time.
func (s *Service) settle(next settings) {
	next.policies, next.overruled = inForce(next.file, next.held)
	for _, c := range next.held {
		if o := next.overruled[c.ID]; o.why != "" {
			s.log.Warn("a change of a policy that was agreed to does not count", "policy", c.Policy, "change", c.ID, "why", o.why)
		}
	}
	s.settings.Store(&next)
}
