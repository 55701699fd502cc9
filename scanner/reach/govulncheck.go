package reach

import (
	"context"
	"fmt"
	"io"
	"os"
	"runtime"
	"time"

	"golang.org/x/vuln/scan"
)

// maxMemory is what an analysis may use, in bytes. A large server with its dependencies needs a fifth of it.
const maxMemory = 4 << 30

// Govulncheck runs golang.org/x/vuln with the arguments of its command, in this process. It is what [Analysis.Command] runs:
// the library cannot be stopped, and a fault in it ends the process, so that it must have one of its own. If it needs too
// much memory it says so on stderr and ends the process.
// https://pkg.go.dev/golang.org/x/vuln/cmd/govulncheck
func Govulncheck(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	go func() {
		for {
			if used() > maxMemory {
				fmt.Fprintf(stderr, "more than %d GiB of memory would be needed\n", maxMemory>>30)
				os.Exit(1)
			}
			time.Sleep(50 * time.Millisecond)
		}
	}()
	cmd := scan.Command(ctx, args...)
	cmd.Stdout, cmd.Stderr = stdout, stderr
	if err := cmd.Start(); err != nil {
		return err
	}
	return cmd.Wait()
}

// used is the memory that this process holds, in bytes.
func used() uint64 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.Sys - m.HeapReleased
}
