// Package signin is the run of a person from the authorization request to a
// signed-in session: the interaction.
//
// An interaction is a state machine whose state is one sealed row. Steps never
// call steps: whatever a page or a script of the experience API wants is an
// Action, and Submit is the one dispatcher that loads the state, lets the
// action do its slow work (hashing, breach lists) outside of any transaction,
// applies it inside one, and writes the state back by compare-and-swap. What
// comes next is not decided by the step that ran but by Next, a pure function
// of the state and the settings in force.
//
// It promises that nobody becomes a user without asking guestlist.Admit, that
// the account, the redeemed token, the audit lines and the events of a
// finished interaction exist together or not at all, that an abandoned
// interaction gives nothing up, that a caller who is locked out burns nothing,
// and that its answers do not tell a stranger whether an address is known.
//
// It refuses to know HTTP, HTML and OAuth: cookies are set by package oidc,
// pages are drawn by package experience, and codes and tokens for applications
// are package token's.
package signin
