//go:build !unix

package reach

import "os/exec"

// alone leaves a command as it is where there are no process groups: it is killed by itself, and what it started ends when
// its pipes do.
func alone(*exec.Cmd) {}
