//go:build unix

// Package postgres runs a real PostgreSQL for tests, out of Debian's packages. It is used by tests only.
package postgres

import (
	"bufio"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
)

// A Server is a PostgreSQL of this test process alone. It listens on a socket in its own folder and on no port, keeps nothing
// safe from a power cut, and sorts text as people do, so that a query that leaves the order to the server is seen. It is safe
// for concurrent use.
type Server struct {
	bin, dir string
	guard    *exec.Cmd
	// databases counts the databases that were made.
	databases atomic.Int64
}

// launch starts the one server of this process. It ends when the process does, however that ends.
var launch = sync.OnceValues(start)

// errAbsent: this machine has no PostgreSQL.
var errAbsent = errors.New("no /usr/lib/postgresql/*/bin/postgres")

// Start gives the server of this test process. Where there is no PostgreSQL the test is skipped, or fails if TOCSIN_REQUIRE
// names "postgres", so that a machine that should have it cannot pass without.
func Start(t testing.TB) *Server {
	t.Helper()
	s, err := launch()
	if errors.Is(err, errAbsent) {
		if strings.Contains(os.Getenv("TOCSIN_REQUIRE"), "postgres") {
			t.Fatalf("%v, and TOCSIN_REQUIRE asks for it", err)
		}
		t.Skipf("%v on this machine: the Debian package postgresql has it", err)
	}
	if err != nil {
		t.Fatalf("starting PostgreSQL: %v", err)
	}
	return s
}

// guardScript makes a cluster in its folder, starts the server, and waits for the end of its input, which comes when the test
// process ends, be it by SIGKILL. Then it stops whatever server runs there and takes the folder away.
const guardScript = `
bin=$1 dir=$2
{ "$bin/initdb" -D "$dir/data" -U tocsin -A trust -E UTF8 --locale=C --locale-provider=icu --icu-locale=en-US --no-sync &&
  printf '%s\n' "listen_addresses = ''" "unix_socket_directories = '$dir'" 'fsync = off' 'full_page_writes = off' 'shared_buffers = 32MB' \
    'deadlock_timeout = 100ms' >>"$dir/data/postgresql.conf" &&
  "$bin/pg_ctl" -D "$dir/data" -l "$dir/log" -w start; } >"$dir/start" 2>&1 && echo ready || echo failed
cat >/dev/null
"$bin/pg_ctl" -D "$dir/data" -m immediate stop >/dev/null 2>&1
rm -rf "$dir"
`

func start() (*Server, error) {
	list, err := filepath.Glob("/usr/lib/postgresql/*/bin/postgres")
	if err != nil || len(list) == 0 {
		return nil, errors.Join(errAbsent, err)
	}
	dir, err := os.MkdirTemp("", "tocsin-postgres-")
	if err != nil {
		return nil, err
	}
	s := &Server{bin: filepath.Dir(list[len(list)-1]), dir: dir}
	if s.guard, err = s.command("sh", "-c", guardScript, "guard", s.bin, dir); err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	s.guard.SysProcAttr.Setpgid = true // an interrupt from the keyboard is for the tests; the guard sees their end
	s.guard.Env = append(os.Environ(), "LC_ALL=C")
	s.guard.Stderr = os.Stderr // whoever waits for all that this process writes, as go test does, waits for the guard
	// Nobody writes to it: what counts is that it closes with this process, whose field keeps it open until then.
	if _, err := s.guard.StdinPipe(); err != nil {
		return nil, err
	}
	said, err := s.guard.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := s.guard.Start(); err != nil {
		return nil, err
	}
	line, err := bufio.NewReader(said).ReadString('\n')
	if err != nil || line != "ready\n" {
		why, _ := os.ReadFile(filepath.Join(dir, "start"))
		log, _ := os.ReadFile(filepath.Join(dir, "log"))
		return nil, errors.Join(fmt.Errorf("%s%s", why, log), err)
	}
	return s, nil
}

// command is a program in the server's folder, as the user who may run a server: PostgreSQL refuses root.
func (s *Server) command(name string, args ...string) (*exec.Cmd, error) {
	cmd := exec.Command(name, args...)
	cmd.Dir, cmd.SysProcAttr = s.dir, &syscall.SysProcAttr{}
	if os.Getuid() != 0 {
		return cmd, nil
	}
	u, err := user.Lookup("postgres")
	if err != nil {
		if u, err = user.Lookup("nobody"); err != nil {
			return nil, fmt.Errorf("PostgreSQL does not run as root, and nobody else is here: %w", err)
		}
	}
	uid, uidErr := strconv.ParseUint(u.Uid, 10, 32)
	gid, gidErr := strconv.ParseUint(u.Gid, 10, 32)
	if err := errors.Join(uidErr, gidErr, os.Chown(s.dir, int(uid), int(gid))); err != nil {
		return nil, err
	}
	cmd.SysProcAttr.Credential = &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
	return cmd, nil
}

// run runs one of the server's own programs.
func (s *Server) run(t testing.TB, name string, args ...string) {
	t.Helper()
	cmd, err := s.command(filepath.Join(s.bin, name), args...)
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%s %q: %v\n%s", name, args, err, out)
	}
}

// Database gives the URL of a new, empty database. It goes with the test.
func (s *Server) Database(t testing.TB) string {
	t.Helper()
	name := fmt.Sprintf("test_%d", s.databases.Add(1))
	s.run(t, "createdb", "-h", s.dir, "-U", "tocsin", "-T", "template0", name)
	t.Cleanup(func() { s.run(t, "dropdb", "-h", s.dir, "-U", "tocsin", "--force", name) })
	u := url.URL{Scheme: "postgres", User: url.User("tocsin"), Path: "/" + name, RawQuery: url.Values{"host": {s.dir}}.Encode()}
	return u.String()
}

// Restart stops the server, which ends all connections to it, and starts it again where it was.
func (s *Server) Restart(t testing.TB) {
	t.Helper()
	s.run(t, "pg_ctl", "-D", filepath.Join(s.dir, "data"), "-l", filepath.Join(s.dir, "log"), "-m", "fast", "-w", "restart")
}
