// Package invite is permission to come in: it issues what a guest shows at a
// closed door, opens it, redeems it and takes it back.
//
// It promises that opening changes nothing, that what a guest holds while
// filling in forms is neither lost to a scanner nor burnt by a flow that is
// abandoned, and that redemption is one conditional statement in the
// transaction that lets the guest in: exactly one winner, across processes.
//
// It refuses to know how the guest proves anything else, who may issue what,
// and how a link reaches a mailbox; and it never decides whether a
// registration may happen, which is guestlist.Admit's alone.
package invite
