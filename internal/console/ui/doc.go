// Package ui is what the console's pages are made of: values such as a Table,
// a Form or a Chart, which say what is shown, and one set of templates, one
// style sheet and a few small scripts, which decide how.
//
// It promises that a page made of these values works without scripts, in six
// languages and both writing directions, by keyboard and on a phone; that every
// text is escaped where it stands, whoever wrote it; and that a page asks
// nobody but this server for anything and runs no script and no style of its
// own.
//
// It refuses to know what is shown: no API, no session, no path but those that
// it is handed. Texts come complete and in the page's language; only what
// belongs to a component itself (Next, Copy, "3 min ago") is its own.
package ui
