//go:build !linux

package e2e

import "syscall"

// diesWithParent does nothing where the system has no such signal: the test's
// clean-up ends its children.
func diesWithParent() *syscall.SysProcAttr { return nil }
