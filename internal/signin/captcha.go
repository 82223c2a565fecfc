package signin

import (
	"context"
	"errors"

	"guestlist"
	"guestlist/internal/captcha"
	"guestlist/internal/store"
)

var (
	errCaptchaRequired = guestlist.Refuse(guestlist.KindUnprocessable, "session.captcha_required")
	errNoCaptcha       = errors.New("no captcha provider is set up")
)

// asksCaptcha reports whether guests have to show that they are no machines.
func asksCaptcha(exp guestlist.SignInExperience) bool {
	return exp.CaptchaPolicy.Enabled != nil && *exp.CaptchaPolicy.Enabled
}

// verifyCaptcha holds the answer of a guest against the provider. Without an
// answer the interaction begins all the same, and can do little; with a wrong
// one it does not. An answer that nobody asked for is ignored.
func (r *run) verifyCaptcha(answer string) (verified bool, err error) {
	if answer == "" || !asksCaptcha(r.exp) {
		return false, nil
	}
	var provider guestlist.CaptchaProvider
	err = r.d.Store.View(r.ctx, func(tx *store.Tx) error {
		provider, err = tx.CaptchaProvider()
		return err
	})
	switch {
	case errors.Is(err, store.ErrNotFound):
		return false, captcha.ErrUnavailable.Because(errNoCaptcha)
	case err != nil:
		return false, err
	case r.d.Captcha == nil:
		return false, captcha.ErrUnavailable.Because(errNoCaptcha)
	}
	err = r.d.Captcha.Verify(r.ctx, provider.Config, answer, r.from.IP)
	return err == nil, err
}

// passesCaptcha refuses what needs a captcha while there is none. It is asked
// before an account is made, and at the end; see also strangerPasses.
func (r *run) passesCaptcha() error {
	if !asksCaptcha(r.exp) || r.i.Captcha || r.i.skipsCaptcha() {
		return nil
	}
	return errCaptchaRequired
}

// publicCaptcha is what the guest sees of it.
func (i *Interaction) publicCaptcha() map[string]bool {
	return map[string]bool{"verified": i.Captcha, "skipped": i.skipsCaptcha()}
}

// PublicCaptcha returns what a page needs to show the captcha. Asked is whether
// one has to be shown; where no provider is set up there is nothing to show, and
// nobody can pass.
func (d *Desk) PublicCaptcha(ctx context.Context) (shown *guestlist.PublicCaptcha, asked bool, err error) {
	exp, err := d.Experience(ctx)
	if err != nil || !asksCaptcha(exp) {
		return nil, false, err
	}
	shown, err = store.Cached(ctx, d.Store, "signin/captcha", func(tx *store.Tx) (*guestlist.PublicCaptcha, error) {
		p, err := tx.CaptchaProvider()
		if errors.Is(err, store.ErrNotFound) {
			return nil, nil //nolint:nilnil // there is none
		}
		public := p.Config.Public()
		return &public, err
	})
	return shown, true, err
}

// strangerPasses is passesCaptcha for who is not identified. It stands before
// messages, and before a password is looked at: to guess is what machines do.
func (r *run) strangerPasses() error {
	if r.i.UserID != "" {
		return nil
	}
	return r.passesCaptcha()
}
