package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/hashicorp/go-retryablehttp"
	"github.com/spf13/cobra"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/internal/app"
	"github.com/tocsin-dev/tocsin/internal/secret"
	"github.com/tocsin-dev/tocsin/scanner/diff"
	"github.com/tocsin-dev/tocsin/scanner/report"
)

// tokenVariable is where the token of a service is looked for.
const tokenVariable = "TOCSIN_TOKEN"

// remoteGate asks a service for the verdict.
type remoteGate struct {
	server, project, tokenFile string
	store                      bool
}

func (g *remoteGate) add(cmd *cobra.Command) {
	cmd.Flags().StringVar(&g.server, "server", "", "address of a Tocsin service that gives the verdict")
	cmd.Flags().StringVar(&g.project, "project", "", "with --server: slug of the project whose facts and exceptions count")
	cmd.Flags().StringVar(&g.tokenFile, "token-file", "", "with --server: file with the token (default $"+tokenVariable+")")
	cmd.Flags().BoolVar(&g.store, "store", false, "with --server: have the inventory kept for the project")
}

// ours are flags by which a service does not judge.
var ours = []string{"baseline", "policy", "exceptions", "reachability"}

// gate asks about each path: about the change since ref, or about all of it if that is empty.
func (g *remoteGate) gate(cmd *cobra.Command, f scanFlags, data func() (string, error), paths []string, ref string) error {
	for _, name := range ours {
		if cmd.Flags().Changed(name) {
			return exit{exitUsage, fmt.Errorf("--%s and --server exclude each other: the service judges by what it has", name)}
		}
	}
	service, err := url.Parse(strings.TrimSuffix(g.server, "/"))
	switch {
	case err != nil || service.Scheme != "https" && service.Scheme != "http" || service.Host == "" || service.User != nil || service.RawQuery != "":
		return exit{exitUsage, errors.New("--server: want an address like https://tocsin.example, without user and query")}
	case g.store && g.project == "":
		return exit{exitUsage, errors.New("--store needs --project")}
	}
	if err := f.check(); err != nil {
		return err
	}
	dir, err := data()
	if err != nil {
		return err
	}
	token, err := g.token()
	if err != nil {
		return err
	}
	if service.Scheme == "http" && token.IsSet() && service.Hostname() != "localhost" && service.Hostname() != "127.0.0.1" {
		fmt.Fprintln(cmd.ErrOrStderr(), "tocsin: --server: anybody on the way can read the token: use https")
	}
	if len(paths) == 0 {
		paths = []string{"."}
	}
	bases := make([]base, len(paths))
	if ref != "" {
		if bases, err = openBases(paths, ref, "", time.Now()); err != nil {
			return err
		}
	}
	client, whole := verdicts(), report.Report{Gate: tocsin.GatePass}
	for i, path := range paths {
		r, err := g.ask(cmd.Context(), client, service, token, path, bases[i])
		if err != nil {
			return g.failed(cmd, f, err)
		}
		r.Gate, r.Targets = whole.Gate.Worse(r.Gate), append(whole.Targets, r.Targets...)
		if i > 0 && (r.Snapshot.ID != whole.Snapshot.ID || r.PolicyDigest != whole.PolicyDigest) {
			return g.failed(cmd, f, errors.New("the service changed its advisories or policies between two of the paths: run it again"))
		}
		whole = r
	}
	answered := whole
	if ref != "" {
		answered.Targets = slices.Clone(whole.Targets)
		for i := range answered.Targets {
			answered.Targets[i].Decisions = diff.Answerable(answered.Targets[i].Decisions)
		}
	}
	if err := write(cmd, f, dir, answered, whole); err != nil {
		return err
	}
	return conclude(whole, f)
}

// failed is how it ends without a verdict: what the user can mend is a usage error, all else is undecided.
func (g *remoteGate) failed(cmd *cobra.Command, f scanFlags, err error) error {
	var e exit
	if errors.As(err, &e) {
		return err
	}
	if f.onUndecided == "pass" {
		fmt.Fprintln(cmd.ErrOrStderr(), "tocsin: undecided, and passed by --on-undecided:", printable(err.Error()))
		return nil
	}
	return exit{exitUndecided, err}
}

func (g *remoteGate) token() (secret.Value, error) {
	if g.tokenFile != "" {
		return secret.FromFile(g.tokenFile)
	}
	t, err := secret.FromEnv(tokenVariable)
	if errors.Is(err, tocsin.ErrNotFound) { // a service may let everybody ask
		return secret.Value{}, nil
	}
	return t, err
}

// ask sends what a path holds, with what its base held if there is one, and reads the verdict.
func (g *remoteGate) ask(ctx context.Context, client *retryablehttp.Client, service *url.URL, token secret.Value, path string, before base) (report.Report, error) {
	packed, err := pack(path, before.source.FS)
	if err != nil {
		return report.Report{}, err
	}
	defer packed.Close()
	q := url.Values{"source": {path}}
	if g.project != "" {
		q.Set("project", g.project)
	}
	if g.store {
		q.Set("store", "true")
	}
	kind := "application/x-tar"
	if packed.single != "" {
		q.Set("name", packed.single)
	}
	if before.tree != nil {
		q.Set("base", before.name)
		q.Set("base_at", before.tree.At.UTC().Format(time.RFC3339))
	} else if packed.single != "" {
		kind = "application/octet-stream"
	}
	req, err := retryablehttp.NewRequestWithContext(ctx, http.MethodPost, service.JoinPath("v1", "gate").String()+"?"+q.Encode(), packed.body())
	if err != nil {
		return report.Report{}, err
	}
	req.Header.Set("Content-Type", kind)
	req.Header.Set("Content-Encoding", "gzip")
	req.Header.Set("User-Agent", "tocsin/"+app.Version())
	if token.IsSet() {
		req.Header.Set("Authorization", "Bearer "+token.Reveal())
	}
	resp, err := client.Do(req)
	if err != nil {
		return report.Report{}, fmt.Errorf("the service does not answer: %w", err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return report.Report{}, refused(resp)
	}
	r, err := report.Read(resp.Body)
	if err != nil {
		return r, fmt.Errorf("the answer of the service: %v", err)
	}
	return r, nil
}

// verdicts is a client that tries again where the service was not there, or asked to come later. A verdict may be asked for twice.
func verdicts() *retryablehttp.Client {
	c := retryablehttp.NewClient()
	c.Logger, c.RetryMax = nil, 5
	c.RetryWaitMin, c.RetryWaitMax = time.Second, 30*time.Second
	c.ErrorHandler = retryablehttp.PassthroughErrorHandler
	c.HTTPClient.Timeout = 5 * time.Minute
	c.HTTPClient.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse } // the token is for this address
	c.Backoff = func(least, most time.Duration, attempt int, resp *http.Response) time.Duration {
		return min(retryablehttp.DefaultBackoff(least, most, attempt, resp), most)
	}
	c.CheckRetry = func(ctx context.Context, resp *http.Response, err error) (bool, error) {
		if resp != nil && err == nil {
			s := resp.StatusCode
			return s == 429 || s == 502 || s == 503 || s == 504, ctx.Err()
		}
		return retryablehttp.DefaultRetryPolicy(ctx, resp, err)
	}
	return c
}

// refused is what the service says against the request.
func refused(resp *http.Response) error {
	var p struct {
		Title, Detail, Field, Fix string
		RequestID                 string `json:"request_id"`
	}
	b, _ := io.ReadAll(io.LimitReader(resp.Body, 64<<10))
	_ = json.Unmarshal(b, &p) // another server's answer has none of it
	text := fmt.Sprintf("the service answers %s", resp.Status)
	for _, part := range []struct{ before, text string }{{": ", p.Title}, {": ", p.Detail}, {" at ", p.Field}, {"; ", p.Fix}, {" (request ", p.RequestID}} {
		if part.text != "" {
			text += part.before + part.text
		}
	}
	if p.RequestID != "" {
		text += ")"
	}
	err := errors.New(text)
	switch s := resp.StatusCode; {
	case s == http.StatusUnprocessableEntity:
		return exit{exitNothing, err}
	case s == http.StatusUnauthorized && os.Getenv(tokenVariable) == "":
		return exit{exitUsage, fmt.Errorf("%w; give the token as $%s or with --token-file", err, tokenVariable)}
	case s < 500 && s != http.StatusTooManyRequests && s != http.StatusRequestTimeout:
		return exit{exitUsage, err}
	default:
		return err
	}
}
