package main

import (
	"fmt"
	"log/slog"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/internal/auth"
	"github.com/tocsin-dev/tocsin/internal/markdown"
	"github.com/tocsin-dev/tocsin/internal/store"
)

// operator is who runs commands on the machine of the service: who reads its database may anything.
func operator(s *store.Store) (*auth.Authenticator, tocsin.Principal, error) {
	a, err := auth.New(slog.New(slog.DiscardHandler), s, auth.Options{URL: "http://localhost"})
	return a, tocsin.Principal{Kind: tocsin.PrincipalSystem, Name: "operator", Grants: []tocsin.Grant{{Access: tocsin.AccessAdmin}}}, err
}

func tokenCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "token", Short: "Make, list and revoke API tokens for machines",
		Example: "  tocsin token create ci --grant sender --days 90\n  tocsin token list\n  tocsin token revoke ID",
	}
	path := cmd.PersistentFlags().String("config", "tocsin.yaml", "configuration file")
	return group(cmd, createToken(path), listTokens(path), revokeToken(path))
}

func createToken(path *string) *cobra.Command {
	var grants []string
	var days int
	cmd := &cobra.Command{
		Use: "create NAME --grant ACCESS[:group=G][:project=P]", Short: "Make a token; it is shown once", Args: usage(cobra.ExactArgs(1)),
		Long: `Create makes a token and writes it, alone, to standard output. The database has a digest of it only, so it is not shown again.
Access is gate, sender, viewer, responder, security or admin; docs/access.md says what each may.`,
		Example: `  tocsin token create release-gate --grant gate > token
  tocsin token create shop-ci --grant sender:project=shop --days 90
  tocsin token create dashboards --grant viewer:group=payments`,
	}
	cmd.Flags().StringArrayVar(&grants, "grant", nil, "what it may do and where; any number of times")
	cmd.Flags().IntVar(&days, "days", 90, "days until it ends, 365 at the most")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		q := tocsin.TokenRequest{Name: args[0], ExpiresAt: time.Now().Add(time.Duration(days) * tocsin.Day)}
		for _, text := range grants {
			g, err := grant(text)
			if err != nil {
				return exit{exitUsage, err}
			}
			q.Grants = append(q.Grants, g)
		}
		return withStore(cmd.Context(), *path, func(s *store.Store) error {
			a, who, err := operator(s)
			if err != nil {
				return err
			}
			text, made, err := a.CreateToken(cmd.Context(), who, q)
			if err != nil {
				return err
			}
			fmt.Fprintf(cmd.ErrOrStderr(), "token %s for %s, until %s\n", made.ID, made.Name, made.ExpiresAt.Format(time.DateOnly))
			_, err = fmt.Fprintln(cmd.OutOrStdout(), text.Reveal())
			return err
		})
	}
	return cmd
}

// grant reads ACCESS[:group=G][:project=P].
func grant(text string) (tocsin.Grant, error) {
	first, rest, _ := strings.Cut(text, ":")
	g := tocsin.Grant{Access: tocsin.Access(first)}
	for part := range strings.SplitSeq(rest, ":") {
		key, value, _ := strings.Cut(part, "=")
		switch {
		case rest == "":
		case key == "group" && value != "":
			g.Group = value
		case key == "project" && value != "":
			g.Project = value
		default:
			return g, fmt.Errorf("--grant %q: want ACCESS, ACCESS:group=NAME or ACCESS:project=SLUG", text)
		}
	}
	return g, g.Validate()
}

func listTokens(path *string) *cobra.Command {
	var format func() (bool, error)
	cmd := &cobra.Command{
		Use: "list", Short: "List the tokens there are, without their secrets", Args: usage(cobra.NoArgs),
		Example: "  tocsin token list\n  tocsin token list --format json",
	}
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		asJSON, err := format()
		if err != nil {
			return err
		}
		return withStore(cmd.Context(), *path, func(s *store.Store) error {
			list, err := s.Tokens(cmd.Context())
			if err != nil {
				return err
			}
			if asJSON {
				return writeJSON(cmd.OutOrStdout(), append([]tocsin.APIToken{}, list...))
			}
			t := tabwriter.NewWriter(cmd.OutOrStdout(), 0, 0, 2, ' ', 0)
			fmt.Fprintln(t, "ID\tNAME\tMAY\tENDS\tLAST USED\tREVOKED")
			for _, k := range list {
				fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\t%s\n", k.ID, markdown.Line(k.Name, 60), may(k.Grants), dayOrNone(k.ExpiresAt), dayOrNone(k.UsedAt), dayOrNone(k.RevokedAt))
			}
			return t.Flush()
		})
	}
	format = formatFlag(cmd)
	return cmd
}

func may(grants []tocsin.Grant) string {
	var out []string
	for _, g := range grants {
		one := string(g.Access)
		if g.Group != "" {
			one += ":group=" + g.Group
		}
		if g.Project != "" {
			one += ":project=" + g.Project
		}
		out = append(out, one)
	}
	return strings.Join(out, " ")
}

func dayOrNone(t time.Time) string {
	if t.IsZero() {
		return "-"
	}
	return t.Format(time.DateOnly)
}

func revokeToken(path *string) *cobra.Command {
	return &cobra.Command{
		Use: "revoke ID", Short: "End a token at once", Args: usage(cobra.ExactArgs(1)), Example: "  tocsin token revoke ABCD2345ABCD2345",
		RunE: func(cmd *cobra.Command, args []string) error {
			return withStore(cmd.Context(), *path, func(s *store.Store) error {
				a, who, err := operator(s)
				if err != nil {
					return err
				}
				return a.RevokeToken(cmd.Context(), who, args[0], "")
			})
		},
	}
}
