// Package experience is the door for guests: the hosted pages on which people
// sign in, register, recover a password, follow their links and come back from
// outside providers, and the API by which pages of others do the same.
//
// It promises pages that work without scripts, that opening a page changes
// nothing, that every refusal says what to do next, and that a page asks one
// thing at a time. What a guest does is handed to signin.Desk as an action; the
// desk says which page comes next, and this room only draws it. A form that
// was refused comes back with what was typed, but for secrets; one that was
// accepted is answered by a redirect, so that going back never sends it twice.
// The one address that does something when it is opened is that to which an
// outside provider sends a guest back, and only for the browser that went there.
//
// Whoever draws pages of their own uses the experience API (api*.go) instead:
// the same actions of the same desk, in JSON, on the same interaction, so that
// a flow may begin on one and end on the other. It is for scripts of our own
// origin, which the browser's interaction cookie lets in.
//
// It refuses to know who may come in: the gate, the lock-out, the tokens and
// the order of steps are signin's. It knows no SQL, no password digest and no
// protocol.
package experience
