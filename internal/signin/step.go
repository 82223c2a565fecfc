package signin

import "guestlist"

// Step is what an action led to.
type Step struct {
	// Page is the path of the hosted page that asks for what is needed next;
	// empty once the interaction is finished.
	Page string
	// Missing lists what the account still needs, in the wire's words.
	Missing []string
	// VerificationID is the record that the action made.
	VerificationID string
	// Location is where BeginOutside sends the browser.
	Location string
	// Avatar is the address of the picture that UploadAvatar kept.
	Avatar string
	// Registered says that Identify chose a new account (wire: 201).
	Registered bool
	// Finished says that Finish succeeded; RedirectTo is where the browser goes
	// then, empty after a password reset, which makes no session.
	Finished   bool
	RedirectTo string
}

// The paths of the hosted pages, as on the wire.
const (
	PageSignIn         = "/sign-in"
	PageRegister       = "/register"
	PageOneTimeToken   = "/one-time-token"
	PageInvitation     = "/invitation"
	PageForgotPassword = "/forgot-password"
	PageNewPassword    = "/forgot-password/reset"
	PageContinue       = "/continue/" // and what is missing
	PageExtraProfile   = PageContinue + "extra-profile"
)

// Facts are what decides the next step.
type Facts struct {
	Event           guestlist.InteractionEvent
	Mode            guestlist.SignInMode
	Identified      bool
	Finished        bool
	Missing         []string // of the account, with what is staged; see guestlist.MissingProfile
	HasNewPassword  bool     // ForgotPassword: the new password is staged
	CodeSent        bool     // a code was sent and not yet verified
	MustConfirm     bool     // a one-time token waits for the typed address
	HoldsToken      bool     // a one-time token is verified
	StagedAnonymous bool     // Register: a profile is staged before identification
}

// Next returns the page that the facts call for: a pure function, so that no
// order of actions can skip a required step.
func Next(f Facts) Step {
	switch {
	case f.Finished:
		return Step{Finished: true}
	case f.MustConfirm:
		return Step{Page: PageOneTimeToken}
	case f.Event == guestlist.EventForgotPassword:
		return nextOfReset(f)
	case f.CodeSent && !f.Identified:
		return Step{Page: firstPage(f) + "/verification-code"}
	case !f.Identified && f.HoldsToken && len(f.Missing) > 0 && f.Event == guestlist.EventRegister:
		return askFor(f)
	case !f.Identified && f.StagedAnonymous && len(f.Missing) > 0:
		return continueOrRegister(f)
	case !f.Identified && f.HoldsToken:
		return Step{Page: PageOneTimeToken}
	case !f.Identified:
		return Step{Page: firstPage(f)}
	case f.CodeSent:
		return Step{Page: PageContinue + "verification-code", Missing: f.Missing}
	case len(f.Missing) > 0:
		return askFor(f)
	}
	return Step{Page: firstPage(f)} // all is there but Finish
}

// nextOfReset is Next for ForgotPassword.
func nextOfReset(f Facts) Step {
	switch {
	case f.Identified && !f.HasNewPassword:
		return Step{Page: PageNewPassword}
	case f.CodeSent && !f.Identified:
		return Step{Page: PageForgotPassword + "/verification-code"}
	}
	return Step{Page: PageForgotPassword}
}

// continueOrRegister asks for a password right after the name on the register
// page, and for anything else on the continue pages.
func continueOrRegister(f Facts) Step {
	if f.Missing[0] == guestlist.MissingPassword {
		return Step{Page: PageRegister + "/password", Missing: f.Missing}
	}
	return askFor(f)
}

// askFor asks for the first thing that is missing.
func askFor(f Facts) Step { return Step{Page: ContinuePage(f.Missing[0]), Missing: f.Missing} }

// ContinuePage is the page that asks for what an account is missing.
func ContinuePage(missing string) string {
	if missing == guestlist.MissingExtraProfile {
		return PageExtraProfile
	}
	return PageContinue + missing
}

func firstPage(f Facts) string {
	if f.Event == guestlist.EventRegister {
		return PageRegister
	}
	return PageSignIn
}
