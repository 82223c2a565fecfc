package guestlist_test

import (
	"testing"

	"guestlist"
)

// TestInvitationsLandAtTheirApplicationAlone: at the origins of its redirect URIs
// or those that it lists, over https, or on the machine of a developer.
func TestInvitationsLandAtTheirApplicationAlone(t *testing.T) {
	app := guestlist.Application{Type: guestlist.ApplicationTraditional}
	app.OIDCClientMetadata.RedirectURIs = []string{
		"https://shop.example/callback", "http://localhost:3000/callback", "http://plain.example/callback", "https://*.pre.shop.example/callback", "shop.app:/callback",
	}
	app.CustomClientMetadata.CORSAllowedOrigins = []string{"https://www.shop.example:8443"}
	for address, want := range map[string]bool{
		"https://shop.example/welcome?x=1": true, "https://SHOP.example": true, "https://shop.example:443/": true,
		"http://localhost:3000/welcome": true, "https://www.shop.example:8443/in": true, "https://two.pre.shop.example/in": true,
		"": false, "/welcome": false, "//shop.example/": false, "http://shop.example/": false, "http://plain.example/": false,
		"http://localhost:3001/": false, "http://127.0.0.1:3000/": false, "https://shop.example:8443/": false, "https://evil.example/": false,
		"https://shop.example.evil.example/": false, "https://shop.example@evil.example/": false, "https://evil.example/@shop.example": false,
		"https://evil.example\\@shop.example/": false, "https:shop.example/": false, "https:///shop.example/": false,
		"https://shop.example/#frag": false, "https://*.pre.shop.example/": false, "https://shop.example/\r\nX: y": false,
		" https://shop.example/": false, "javascript://shop.example/%0aalert(1)": false, "shop.app:/welcome": false,
		"https://ſhop.example/": false, "https://shop.example/a/../b": false, "https://pre.shop.example/": false,
	} {
		if got := app.AllowsLanding(address); got != want {
			t.Errorf("%q: %v", address, got)
		}
	}
	if (guestlist.Application{}).AllowsLanding("https://shop.example/") {
		t.Error("without an application")
	}
}

// TestNoOtherAddressIsTheRecipients: what mail providers or eyes may take for the
// same is another address here; case alone does not count.
func TestNoOtherAddressIsTheRecipients(t *testing.T) {
	i := guestlist.Invitation{Kind: guestlist.InvitationPersonal, RecipientEmail: "grace.h@example.com", Seats: 1}
	i.Binding = guestlist.BindExact
	byPhone := guestlist.Invitation{Kind: guestlist.InvitationPersonal, RecipientPhone: "4915112345678", Seats: 1}
	byPhone.Binding = guestlist.BindExact
	for address, is := range map[string]bool{
		"grace.h@example.com": true, "GRACE.H@Example.COM": true, " grace.h@example.com ": true,
		"graceh@example.com": false, "grace.h+x@example.com": false, "grace..h@example.com": false, "grace.h@example.com.": false,
		"grace.h@examp1e.com": false, "grace.h@ex\u0430mple.com": false, "gr\u0430ce.h@example.com": false, "grace.h@sub.example.com": false,
		"grace.h@example.co": false, "gr\u00e1ce.h@example.com": false, "grace.h\u200b@example.com": false, "\uff47race.h@example.com": false,
		"grace.\u212a@example.com": false, `"grace.h"@example.com`: false, "grace.h@example.com@evil.example": false, "": false,
	} {
		err := i.AdmitsAs(guestlist.Arrival{Proved: proved(address), FreshProof: true, Confirmed: true})
		if (err == nil) != is {
			t.Errorf("%q: %v", address, err)
		}
	}
	for number, is := range map[string]bool{
		"4915112345678": true, "+4915112345678": false, "04915112345678": false, "15112345678": false, "491511234567": false, "49151123456789": false,
		"٤٩١٥١١٢٣٤٥٦٧٨": false,
	} {
		err := byPhone.AdmitsAs(guestlist.Arrival{Proved: []guestlist.Identifier{{Type: guestlist.IdentifierPhone, Value: number}}})
		if (err == nil) != is {
			t.Errorf("%q: %v", number, err)
		}
	}
	// A number is never an address, and the other way round.
	number := guestlist.Arrival{Proved: []guestlist.Identifier{{Type: guestlist.IdentifierPhone, Value: "grace.h@example.com"}}}
	if i.AdmitsAs(number) == nil || byPhone.AdmitsAs(guestlist.Arrival{Proved: proved("4915112345678")}) == nil {
		t.Error("an identifier of another kind is taken for the recipient's")
	}
}
