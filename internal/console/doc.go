// Package console is the door for hosts: the pages below /console on which
// administrators open and close the door, let people in and connect their
// product.
//
// It is an application like any other. People sign in through the same
// authorization endpoint, and what they see and change goes through the
// management API, in process and with the access token of the person at the
// keyboard, so that what is allowed is decided in one place, and not here. A
// page is a value made of the parts of package ui; see docs/console.md for how
// to add one.
//
// It promises that tokens stay in a sealed cookie that no script can read, that
// nobody is led out of the console by a link into it, that what was typed
// survives the end of a session and the change of somebody else, and that every
// page works without scripts.
//
// It refuses to know rules and tables: it has no database, and when the API says
// no, it says why.
package console
