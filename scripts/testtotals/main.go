// Command testtotals reads the output of `go test -json` and prints what a
// person wants of it: one line per package, failures with their output, what
// was skipped and why, and the totals, also for each database engine.
//
//	go test -json ./... | go run ./scripts/testtotals
//
// It promises that a failure is never lost: a package that does not build, or
// whose process died between tests, counts as failed, and so does an input
// that ends before every package has reported. With -strict, as in CI, a
// skipped test or an engine without a test fails the run too. It refuses to
// run tests itself.
package main

import (
	"flag"
	"fmt"
	"os"
)

func main() {
	strict := flag.Bool("strict", os.Getenv("CI") == "true", "fail when a test was skipped or an engine was left out")
	flag.Parse()
	r := newReport(os.Stdout)
	if err := r.read(os.Stdin); err != nil {
		fmt.Fprintln(os.Stderr, "testtotals:", err)
		os.Exit(2)
	}
	if !r.finish(*strict) {
		os.Exit(1)
	}
}
