package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/internal/app"
)

// TestOperating: what operators call on a portfolio, in the order of a first week.
func TestOperating(t *testing.T) {
	s := newStand(t)
	dir := filepath.Dir(s.config)
	call(t, "doctor", "--config", s.config).wants(t, exitFailed, "wrong  feeds", "no advisories were ever fetched", "something is wrong")
	call(t, "run", "--config", s.config, "--once").wants(t, exitPass)
	call(t, "doctor", "--config", s.config).wants(t, exitPass, "ok     feed osv", "ok     index", "1 projects, all read")
	var checks []app.Check
	if err := json.Unmarshal([]byte(call(t, "doctor", "--config", s.config, "--format", "json").wants(t, exitPass).stdout), &checks); err != nil || len(checks) < 8 {
		t.Errorf("%d checks, %v", len(checks), err)
	}

	call(t, "who", "npm/left", "--config", s.config).wants(t, exitPass, "shop", "1.0.0", "still")
	call(t, "who", "pkg:npm/left@1.0.0", "--config", s.config, "--between", "2001-01-01,2001-12-31").wants(t, exitPass, "nobody in the portfolio")
	var who []tocsin.Resolution
	if err := json.Unmarshal([]byte(call(t, "who", "npm/left@1.0.0", "--config", s.config, "--format", "json").stdout), &who); err != nil || len(who) != 1 || who[0].Project != "shop" {
		t.Errorf("%+v, %v", who, err)
	}
	for args, want := range map[string]string{
		"left": "want ecosystem/name", "npm/left --between 2026": "want FROM,TO", "npm/left --between 2026-02-01,2026-01-01": "ends before it begins",
		"npm/left --between soon,": `"soon"`,
	} {
		call(t, append([]string{"who", "--config", s.config}, strings.Fields(args)...)...).wants(t, exitUsage, want)
	}

	call(t, "jobs", "list", "--config", s.config).wants(t, exitPass, "ID")
	call(t, "jobs", "retry", "7", "--config", s.config).wants(t, exitUsage, "job 7: not found")
	call(t, "jobs", "retry", "x", "--config", s.config).wants(t, exitUsage, "is a number")

	made := call(t, "token", "create", "ci", "--grant", "sender:project=shop", "--config", s.config).wants(t, exitPass, "for ci, until")
	if !regexp.MustCompile(`^tcs_[A-Z2-7]{63}\n$`).MatchString(made.stdout) {
		t.Errorf("token %q", made.stdout)
	}
	list := call(t, "token", "list", "--config", s.config).wants(t, exitPass, "ci", "sender:project=shop")
	if strings.Contains(list.stdout, strings.TrimSpace(made.stdout)[20:]) {
		t.Error("the list shows the secret")
	}
	id := regexp.MustCompile(`token (\S+) for`).FindStringSubmatch(made.stderr)[1]
	call(t, "token", "revoke", id, "--config", s.config).wants(t, exitPass)
	call(t, "token", "revoke", "NONE", "--config", s.config).wants(t, exitUsage, "not found")
	call(t, "token", "create", "x", "--grant", "boss", "--config", s.config).wants(t, exitUsage, `access "boss"`)
	call(t, "token", "create", "x", "--grant", "gate:where", "--config", s.config).wants(t, exitUsage, "want ACCESS")
	call(t, "token", "create", "x", "--config", s.config).wants(t, exitUsage, "grant")
	call(t, "token", "create", "x", "--grant", "gate", "--days", "400", "--config", s.config).wants(t, exitUsage)

	file := filepath.Join(dir, "b.backup")
	call(t, "backup", file, "--config", s.config).wants(t, exitPass, "rows")
	if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info, err)
	}
	text, err := os.ReadFile(s.config)
	if err != nil {
		t.Fatal(err)
	}
	other := put(t, dir, "other.yaml", strings.Replace(string(text), "data: data", "data: elsewhere", 1))
	call(t, "restore", file, "--config", other).wants(t, exitPass, "rows restored")
	call(t, "restore", file, "--config", other).wants(t, exitUsage, "not empty")
	call(t, "restore", filepath.Join(dir, "none"), "--config", other).wants(t, exitUsage)
	call(t, "who", "npm/left", "--config", other).wants(t, exitPass, "shop")
	call(t, "incidents", "list", "--config", other).wants(t, exitPass, "INC-CVE-2026-1")
	call(t, "migrate", "--config", other).wants(t, exitPass, "up to date")
}

// TestServeCommand: it prints the first link where the operator sees it and not in the log, answers, and ends when it is told to.
func TestServeCommand(t *testing.T) {
	s := newStand(t)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	at := l.Addr().String()
	l.Close()
	text, err := os.ReadFile(s.config)
	if err != nil {
		t.Fatal(err)
	}
	path := put(t, filepath.Dir(s.config), "serve.yaml", string(text)+fmt.Sprintf("serve: {listen: %q}\n", at))
	token := strings.TrimSpace(call(t, "token", "create", "ci", "--grant", "viewer", "--config", path).wants(t, exitPass).stdout)
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	read, write := io.Pipe()
	var log strings.Builder
	ended := make(chan int, 1)
	go func() {
		ended <- run(ctx, []string{"serve", "--config", path}, write, &log)
		write.Close()
	}()
	link := make([]byte, 4096)
	n, err := io.ReadAtLeast(read, link, 100)
	if err != nil || !strings.Contains(string(link[:n]), "http://"+at+"/auth/first?token=") {
		t.Fatalf("%s, %v", link[:n], err)
	}
	go io.Copy(io.Discard, read)
	ask := func(path string) (int, string) {
		req, _ := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+at+path, nil)
		req.Header.Set("Authorization", "Bearer "+token)
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			return 0, err.Error()
		}
		defer resp.Body.Close()
		body, err := io.ReadAll(resp.Body)
		if err != nil && !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
		return resp.StatusCode, string(body)
	}
	for end := time.Now().Add(time.Minute); ; {
		code, body := ask("/v1/findings")
		if code == http.StatusOK && strings.Contains(body, "CVE-2026-1") {
			break
		}
		if time.Now().After(end) {
			t.Fatalf("the finding never came: %d %s\n%s", code, body, log.String())
		}
		<-time.After(100 * time.Millisecond)
	}
	if code, _ := ask("/readyz"); code != http.StatusOK {
		t.Errorf("ready: %d", code)
	}
	stop()
	if code := <-ended; code != exitPass {
		t.Errorf("exit code %d", code)
	}
	if strings.Contains(log.String(), "token=") || !strings.Contains(log.String(), "service ended") {
		t.Errorf("log:\n%s", log.String())
	}
}
