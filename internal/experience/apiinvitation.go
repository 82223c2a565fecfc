package experience

import (
	"guestlist"
	"guestlist/internal/signin"
)

// invitationRoutes are for pages of others that take invitations. The code of an
// invitation's link serves as a one-time token too; these say more of it.
func invitationAPI() []apiRoute {
	const at = "POST /api/experience/invitation"
	return []apiRoute{
		{
			pattern: at, needs: needsEvent, serve: postInvitationAPI, status: 200,
			summary: "Take an invitation up: by the code of its link, by what people type of a shared one, or the one of the authorization request",
			body: object{
				"code?": str{least: 1, most: maxToken}, "email?": str{least: 1, most: guestlist.MaxEmailLength}, "termsAgreed?": boolean{},
			},
			answer: anInvitation,
			refusals: of(invitationFaults, "400 one_time_token.email_mismatch", "400 one_time_token.interaction_event_mismatch", blocked,
				"429 invitation.too_many_codes"),
		},
		{
			pattern: at + "/confirmation", needs: needsEvent, serve: postInvitationConfirmation, status: 204,
			summary: "Say as whom the guest accepts what was sent to somebody else", body: object{"address": str{least: 1, most: guestlist.MaxEmailLength}},
			refusals: []string{"400 invitation.none_held"},
		},
		{
			pattern: at + "/decline", needs: needsEvent, serve: postInvitationDecline, status: 204,
			summary: "Decline an invitation for good; the recipient's address shows that it is they", body: object{
				"code?": str{least: 1, most: maxToken}, "email": str{least: 1, most: guestlist.MaxEmailLength},
			},
			refusals: of(invitationFaults, "400 one_time_token.email_mismatch", blocked),
		},
	}
}

// invitationFaults are why an invitation lets nobody in. Guests are to be told no
// more than that it does not serve, but for one whose time is up.
var invitationFaults = []string{
	"404 invitation.not_found", "400 invitation.revoked", "400 invitation.declined", "400 invitation.accepted", "400 invitation.expired",
	"400 invitation.not_yet", "400 invitation.exhausted", "400 invitation.inviter_gone",
}

// acceptanceFaults are what may be missing when a guest goes on with one.
var acceptanceFaults = of(invitationFaults, "403 invitation.wrong_identity", "422 invitation.needs_proof", "422 invitation.needs_confirm",
	"422 invitation.needs_terms", "400 invitation.organization_gone", "422 one_time_token.confirmation_required")

var anInvitation = object{
	"kind": enum{string(guestlist.InvitationPersonal), string(guestlist.InvitationShared)}, "inviter?": str{}, "message?": str{},
	"applicationId?": str{}, "expiresAt": anything{}, "recipient?": str{}, "proof": enum{
		string(signin.ProofLink), string(signin.ProofCode), string(signin.ProofAddress), string(signin.ProofConnector),
	},
	"needsAddress": boolean{}, "otherAddresses": boolean{}, "allowedDomains": list{str{}}, "connectors": list{str{}}, "needsTerms": boolean{},
	"missingProfile": list{str{}}, "verificationId?": str{},
}

// invitationJSON is what a page may show of an invitation.
type invitationJSON struct {
	Kind           guestlist.InvitationKind `json:"kind"`
	Inviter        string                   `json:"inviter,omitempty"`
	Message        string                   `json:"message,omitempty"`
	ApplicationID  guestlist.ApplicationID  `json:"applicationId,omitempty"`
	ExpiresAt      guestlist.Time           `json:"expiresAt"`
	Recipient      string                   `json:"recipient,omitempty"` // masked, but for who has the link from their mailbox
	Proof          signin.InvitationProof   `json:"proof"`
	NeedsAddress   bool                     `json:"needsAddress"`
	OtherAddresses bool                     `json:"otherAddresses"`
	Domains        []string                 `json:"allowedDomains"`
	Connectors     []string                 `json:"connectors"`
	NeedsTerms     bool                     `json:"needsTerms"`
	Missing        []string                 `json:"missingProfile"`
	VerificationID string                   `json:"verificationId,omitempty"` // of the link, where that proves the mailbox
}

// postInvitationAPI takes an invitation up, and says what accepting it takes.
func postInvitationAPI(c *call) error {
	b, err := c.body()
	if err != nil {
		return err
	}
	code, email, agreed := b.optional("code", 1, maxToken), b.optional("email", 1, guestlist.MaxEmailLength), b.isTrue("termsAgreed")
	if err := b.err(); err != nil {
		return err
	}
	if code, err = c.invitationCode(code); err != nil {
		return err
	}
	step, err := c.submit(signin.VerifyOneTimeToken{Token: code, Hosted: true, Typed: email, Agreed: agreed})
	if err != nil {
		return err
	}
	v, err := c.d.Desk.ViewInvitation(c.r.Context(), c.uid, code, "")
	if err != nil {
		return err
	}
	out := invitationJSON{
		Kind: v.Kind, Inviter: v.Inviter, Message: v.Message, ApplicationID: v.ApplicationID, ExpiresAt: v.ExpiresAt,
		Recipient: v.Masked, Proof: v.Proof, NeedsAddress: v.NeedsAddress && email == "", OtherAddresses: v.Others,
		Domains: orEmpty(v.Domains), Connectors: orEmpty(v.Connectors), NeedsTerms: v.AsksTerms && !agreed, Missing: orEmpty(v.Missing),
	}
	if v.Proof == signin.ProofLink {
		out.VerificationID = step.VerificationID
		if !out.NeedsAddress {
			out.Recipient = name(v.To)
		}
	}
	return c.json(out)
}

func orEmpty(list []string) []string {
	if list == nil {
		return []string{}
	}
	return list
}

// invitationCode is the code of a link: as it is, as typed of a shared
// invitation, or that of the authorization request.
func (c *call) invitationCode(code string) (string, error) {
	switch {
	case code == "" && len(c.run.OneTimeToken) == guestlist.InvitationCodeLength:
		return c.run.OneTimeToken, nil
	case code == "":
		return "", guestlist.ErrInvitationNotFound
	case len(code) == guestlist.InvitationCodeLength:
		return code, nil
	}
	link, _, err := c.d.Desk.TypedInvitation(c.r.Context(), code, c.d.caller(c.r))
	return link, err
}

func postInvitationConfirmation(c *call) error {
	b, err := c.body()
	if err != nil {
		return err
	}
	a := signin.ConfirmInvitation{As: b.text("address", 1, guestlist.MaxEmailLength)}
	if err := b.err(); err != nil {
		return err
	}
	return c.do(a)
}

func postInvitationDecline(c *call) error {
	b, err := c.body()
	if err != nil {
		return err
	}
	code, email := b.optional("code", 1, maxToken), b.text("email", 1, guestlist.MaxEmailLength)
	if err := b.err(); err != nil {
		return err
	}
	if code, err = c.invitationCode(code); err != nil {
		return err
	}
	if err := c.d.Desk.DeclineInvitation(c.r.Context(), code, email, c.d.caller(c.r)); err != nil {
		return err
	}
	return c.nothing()
}
