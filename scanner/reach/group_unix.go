//go:build unix

package reach

import (
	"os/exec"
	"syscall"
)

// alone gives a command a process group of its own, which is killed as a whole: the go command that it started must not
// outlive it.
func alone(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
}
