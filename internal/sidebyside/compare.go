package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"syscall"
	"time"
)

// usage is what one process took.
type usage struct {
	wall, cpu time.Duration
	peak      int64 // KiB
}

// compare builds both programs' databases of the advisories, and then runs them in turn on each input.
func (b bench) compare(ctx context.Context, name, osv string, inputs []input) error {
	data, peer := b.path("data-"+filepath.Base(osv)), b.path("peer-"+filepath.Base(osv))
	fmt.Fprintf(b.out, "\n## Advisories: %s\n\n", name)
	if err := os.RemoveAll(data); err != nil {
		return err
	}
	update := []string{b.path("tocsin"), "db", "update", "--data", data, "--from", osv,
		"--kev", filepath.Join(b.corpus, "kev", "known_exploited_vulnerabilities.json"), "--epss", first(filepath.Join(b.corpus, "epss", "*.csv.gz"))}
	u, err := measure(ctx, update, 1, 2, 3, 4)
	if err != nil {
		return err
	}
	fmt.Fprintf(b.out, "Index, from nothing, one run: %s. The peer builds none.\n\n", u)
	if err := mirror(osv, filepath.Join(peer, "osv-scalibr")); err != nil {
		return err
	}
	fmt.Fprintln(b.out, "| input | ours: wall, CPU, peak | osv-scanner: wall, CPU, peak | wall | CPU | peak |")
	fmt.Fprintln(b.out, "|---|---|---|---|---|---|")
	for _, in := range inputs {
		ours := []string{b.path("tocsin"), "scan", "--data", data, "--format", "json", in.path}
		// The folder lies where Git ignores it.
		theirs := []string{b.path("osv-scanner"), "scan", "source", "--offline", "--no-resolve", "--no-ignore", "--local-db-path", peer, "--format", "json", in.peer, in.path}
		var a, p []usage
		for n := range b.runs + 1 {
			x, err := measure(ctx, ours, 2, 3)
			if err != nil {
				return err
			}
			y, err := measure(ctx, theirs, 128)
			if err != nil {
				return err
			}
			if n > 0 { // the first fills the caches
				a, p = append(a, x), append(p, y)
			}
		}
		x, y := median(a), median(p)
		fmt.Fprintf(b.out, "| %s | %s | %s | %.3f | %.3f | %.2f |\n", in.name, x, y,
			x.wall.Seconds()/y.wall.Seconds(), x.cpu.Seconds()/y.cpu.Seconds(), float64(x.peak)/float64(y.peak))
	}
	return nil
}

func (u usage) String() string {
	return fmt.Sprintf("%.3f s, %.3f s, %d MiB", u.wall.Seconds(), u.cpu.Seconds(), u.peak>>10)
}

// measure runs a command to its end. Findings are no failure; a program that does not run or is killed is, and one that ends with
// a code by which it says that it did not do the work.
func measure(ctx context.Context, command []string, idle ...int) (usage, error) {
	cmd := exec.CommandContext(ctx, command[0], command[1:]...)
	cmd.Stdout, cmd.Stderr = io.Discard, io.Discard
	start := time.Now()
	err := cmd.Run()
	wall := time.Since(start)
	var exit *exec.ExitError
	if err != nil && (!errors.As(err, &exit) || !exit.Exited() || slices.Contains(idle, exit.ExitCode())) {
		return usage{}, fmt.Errorf("running %v: %w", command, err)
	}
	u, ok := cmd.ProcessState.SysUsage().(*syscall.Rusage)
	if !ok {
		return usage{}, errors.New("this system does not say what a process took")
	}
	return usage{wall, cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime(), u.Maxrss}, nil
}

// median of each figure by itself.
func median(list []usage) usage {
	of := func(figure func(usage) int64) int64 {
		var values []int64
		for _, u := range list {
			values = append(values, figure(u))
		}
		slices.Sort(values)
		return values[len(values)/2]
	}
	return usage{
		time.Duration(of(func(u usage) int64 { return int64(u.wall) })), time.Duration(of(func(u usage) int64 { return int64(u.cpu) })),
		of(func(u usage) int64 { return u.peak }),
	}
}

// mirror links the zips where the peer looks for them. It wants one for each ecosystem that it meets, if only an empty one.
func mirror(osv, to string) error {
	entries, err := os.ReadDir(osv)
	if err != nil {
		return err
	}
	names := []string{"Android", "Bioconductor", "ConanCenter", "GitHub Actions", "Linux", "Mageia", "MinimOS", "Photon OS", "Pub", "SUSE", "openSUSE", "VSCode"}
	for _, e := range entries {
		if e.IsDir() {
			names = append(names, e.Name())
		}
	}
	for _, name := range names {
		if err := os.MkdirAll(filepath.Join(to, name), 0o755); err != nil {
			return err
		}
		link := filepath.Join(to, name, "all.zip")
		if err := os.RemoveAll(link); err != nil {
			return err
		}
		from, err := filepath.Abs(filepath.Join(osv, name, "all.zip"))
		if err != nil {
			return err
		}
		if _, err := os.Stat(from); err != nil {
			err = os.WriteFile(link, append([]byte("PK\x05\x06"), make([]byte, 18)...), 0o644)
		} else {
			err = os.Symlink(from, link)
		}
		if err != nil {
			return err
		}
	}
	return nil
}
