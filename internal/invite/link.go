package invite

import (
	"net/url"

	"guestlist"
)

// LinkPath is where the links of invitations lead that land on our own page:
// the code follows it.
const LinkPath = "/i/"

// Link is the address that an invitation's mail carries. endpoint is the public
// base URL without a slash at its end. It holds the secret.
func Link(endpoint string, i guestlist.Invitation, code guestlist.InvitationSecret) string {
	if i.Landing != guestlist.LandingApplication {
		return endpoint + LinkPath + string(code)
	}
	u, err := url.Parse(i.LandingURL)
	if err != nil { // it was held against the application's when it was issued
		return endpoint + LinkPath + string(code)
	}
	q := u.Query()
	q.Set("one_time_token", string(code))
	if i.RecipientEmail != "" {
		q.Set("email", i.RecipientEmail)
	}
	u.RawQuery = q.Encode()
	return u.String()
}
