// Command guestlist is an identity server for products that people must be
// invited to. It promises to be one line: everything happens in package cli,
// where tests can run it. It refuses to know anything else.
package main

import (
	"os"

	"guestlist/internal/cli"
)

func main() { os.Exit(cli.Main(os.Args[1:], os.Stdin, os.Stdout, os.Stderr)) }
