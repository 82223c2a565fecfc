// Package e2e tests Guestlist from outside: the real program, started as the
// README says, driven over HTTP, by scripts that people can read, by foreign
// clients and by a real browser.
//
// It promises to use nothing of the program but its command line and its
// ports, so that what passes here is what users get.
//
// It refuses to hold anything that the program needs.
package e2e
