package experience

import (
	"net/url"

	"guestlist/internal/invite"
	"guestlist/internal/web"
)

// getReminders asks whether somebody wants no more reminders of an invitation. The
// button leads back here, whatever a made-up link has in place of a code. A
// mail program that offers it presses the button itself, without looking (RFC
// 8058 §3.1); whoever opens links for others presses none.
func getReminders(v *visit) error {
	v.hide()
	return v.show(&web.Page{
		Name: "invitation-reminders", Badge: web.BadgeMail, Title: v.t("reminders.title"), Lead: web.Plain(v.t("reminders.lead")),
		Form: &web.Form{Action: invite.LinkPath + url.PathEscape(v.r.PathValue("code")) + invite.ReminderPath, Submit: v.t("reminders.stop")},
	})
}

// postReminders answers alike for every link.
func postReminders(v *visit) error {
	v.hide()
	if err := v.d.Desk.StopReminders(v.r.Context(), v.r.PathValue("code")); err != nil {
		return err
	}
	return v.show(&web.Page{
		Name: "invitation-reminders-stopped", Badge: web.BadgeDone, Title: v.t("reminders.done_title"), Lead: web.Plain(v.t("reminders.done_lead")),
	})
}
