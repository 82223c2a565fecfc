package e2e

import "syscall"

// diesWithParent makes a child end when this process dies, even of a time
// limit or a signal, so that no server outlives its test.
func diesWithParent() *syscall.SysProcAttr { return &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL} }
