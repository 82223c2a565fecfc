// Package web is the manners of every door: how a request is read, how an
// answer or an error is written, and what every response carries.
//
// A handler returns an error; Manners turns it into the wire's envelope or an
// error page, in the reader's language, with the status of the one table from
// guestlist.Kind. What is not a *guestlist.Error is an internal failure: it is
// logged once with the request id, and the caller is told the id and nothing
// else. Bodies, forms, queries, cookies and headers have limits, each written
// once as a named constant, and input out of shape is refused before anything
// happens.
//
// It promises that no cause, query string, cookie or body reaches a log line,
// and that an idle JSON GET costs a few microseconds on top of net/http.
//
// Pages have manners too: a Page is a value (a heading, at most one form with
// one primary action, quiet ways beside it), and Pages draws every one of them
// with one template, one style sheet and one script, dressed in the tenant's
// Look, whose colours are corrected until they can be read.
//
// It refuses to know what is being asked for: no accounts, no tokens, no
// database. The doors say what stands on a page; how it looks is decided here.
package web
