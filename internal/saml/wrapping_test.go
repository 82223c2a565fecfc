package saml_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/beevik/etree"

	"guestlist/internal/saml"
)

// evil copies an element without its signature and makes it speak of somebody
// else. With another id it can stand beside the original.
func evil(t testing.TB, el *etree.Element, id string) *etree.Element {
	t.Helper()
	c := el.Copy()
	for _, sig := range c.FindElements(".//Signature") {
		sig.Parent().RemoveChild(sig)
	}
	if id != "" {
		c.CreateAttr("ID", id)
	}
	names := c.FindElements(".//NameID")
	if len(names) == 0 {
		t.Fatal("nobody to be somebody else")
	}
	for _, name := range append(names, c.FindElements(".//AttributeValue")...) {
		name.SetText(grace)
	}
	return c
}

// bare copies an element without its own signature.
func bare(el *etree.Element) *etree.Element {
	c := el.Copy()
	for _, sig := range c.SelectElements("Signature") {
		c.RemoveChild(sig)
	}
	return c
}

// become turns r into another element, as if it had been posted in its place.
func become(r, other *etree.Element) {
	r.Attr, r.Child = nil, nil
	for _, a := range other.Attr {
		r.CreateAttr(a.FullKey(), a.Value)
	}
	for _, c := range slices.Clone(other.Copy().Child) {
		r.AddChild(c)
	}
}

// The eight ways of signature wrapping that SAML Raider knows (after Somorovsky
// and others, On Breaking SAML, 2012), each with the id of the original and
// with another, and some of our own. The original is honestly signed and stays
// in the message; what a careless reader would take is the attacker's.
func TestSignaturesAreNotWrapped(t *testing.T) {
	honest := newSigner(t, keys().honest)
	const overResponse, overAssertion = true, false
	for name, tt := range map[string]struct {
		response bool // what is signed
		wrap     func(t testing.TB, r *etree.Element, id string)
	}{
		"1: the response in its signature": {overResponse, func(t testing.TB, r *etree.Element, id string) {
			original, sig := bare(r), r.SelectElement("Signature").Copy()
			become(r, evil(t, r, id))
			sig.AddChild(original)
			r.InsertChildAt(1, sig)
		}},
		"2: the response before its signature": {overResponse, func(t testing.TB, r *etree.Element, id string) {
			original, sig := bare(r), r.SelectElement("Signature").Copy()
			become(r, evil(t, r, id))
			r.InsertChildAt(1, original)
			r.InsertChildAt(2, sig)
		}},
		"3: an assertion before": {overAssertion, func(t testing.TB, r *etree.Element, id string) {
			a := r.SelectElement("Assertion")
			r.InsertChildAt(a.Index(), evil(t, a, id))
		}},
		"4: an assertion around": {overAssertion, func(t testing.TB, r *etree.Element, id string) {
			a := r.SelectElement("Assertion")
			outer := evil(t, a, id)
			r.RemoveChild(a)
			outer.AddChild(a)
			r.AddChild(outer)
		}},
		"5: the signature moved, the original at the end": {overAssertion, func(t testing.TB, r *etree.Element, id string) {
			a := r.SelectElement("Assertion")
			other, sig := evil(t, a, id), a.SelectElement("Signature")
			original := bare(a)
			r.RemoveChild(a)
			other.InsertChildAt(1, sig.Copy())
			r.AddChild(other)
			r.AddChild(original)
		}},
		"6: the original in the moved signature": {overAssertion, func(t testing.TB, r *etree.Element, id string) {
			a := r.SelectElement("Assertion")
			other, sig := evil(t, a, id), a.SelectElement("Signature").Copy()
			sig.AddChild(bare(a))
			r.RemoveChild(a)
			other.InsertChildAt(1, sig)
			r.AddChild(other)
		}},
		"7: an assertion in extensions": {overAssertion, func(t testing.TB, r *etree.Element, id string) {
			a := r.SelectElement("Assertion")
			extensions := etree.NewElement("samlp:Extensions")
			extensions.AddChild(evil(t, a, id))
			r.InsertChildAt(1, extensions)
		}},
		"8: the original in an object of the signature": {overAssertion, func(t testing.TB, r *etree.Element, id string) {
			a := r.SelectElement("Assertion")
			other, sig := evil(t, a, id), a.SelectElement("Signature").Copy()
			sig.CreateElement("ds:Object").AddChild(bare(a))
			r.RemoveChild(a)
			other.InsertChildAt(1, sig)
			r.AddChild(other)
		}},
		"an assertion after": {overAssertion, func(t testing.TB, r *etree.Element, id string) {
			r.AddChild(evil(t, r.SelectElement("Assertion"), id))
		}},
		"the original below the status": {overAssertion, func(t testing.TB, r *etree.Element, id string) {
			a := r.SelectElement("Assertion")
			other := evil(t, a, id)
			r.RemoveChild(a)
			r.SelectElement("Status").CreateElement("samlp:StatusDetail").AddChild(a)
			r.AddChild(other)
		}},
		"an assertion after, the response signed": {overResponse, func(t testing.TB, r *etree.Element, id string) {
			r.AddChild(evil(t, r.SelectElement("Assertion"), id))
		}},
		"a second reference": {overAssertion, func(t testing.TB, r *etree.Element, id string) {
			a := r.SelectElement("Assertion")
			other := evil(t, a, id)
			r.RemoveChild(a)
			sig := a.SelectElement("Signature").Copy()
			ref := sig.FindElement(".//Reference")
			second := ref.Copy()
			second.CreateAttr("URI", "#"+other.SelectAttrValue("ID", ""))
			ref.Parent().AddChild(second)
			other.InsertChildAt(1, sig)
			r.AddChild(other)
			r.SelectElement("Status").CreateElement("samlp:StatusDetail").AddChild(bare(a))
		}},
		"an id with a prefix": {overAssertion, func(t testing.TB, r *etree.Element, id string) {
			a := r.SelectElement("Assertion")
			other, sig := evil(t, a, id), a.SelectElement("Signature").Copy()
			other.RemoveAttr("ID")
			other.CreateAttr("xmlns:e", "urn:e")
			other.Attr = append([]etree.Attr{{Space: "e", Key: "ID", Value: "_a1"}, {Key: "ID", Value: "_a2"}}, other.Attr...)
			other.InsertChildAt(1, sig)
			r.RemoveChild(a)
			r.AddChild(other)
		}},
		"a second signature of the attacker's": {overAssertion, func(t testing.TB, r *etree.Element, id string) {
			a := r.SelectElement("Assertion")
			other := element(t, text(t, evil(t, a, id)))
			other = sign(t, other, newSigner(t, keys().evil), "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256")
			other.AddChild(a.SelectElement("Signature").Copy())
			r.RemoveChild(a)
			r.AddChild(other)
		}},
	} {
		for _, id := range []string{"", "_evil"} {
			t.Run(name+" "+id, func(t *testing.T) {
				l := letter{signAssertion: &honest}
				if tt.response {
					l = letter{signResponse: &honest}
				}
				l.tamper = func(t testing.TB, r *etree.Element) { tt.wrap(t, r, id) }
				if text := l.text(t); !strings.Contains(text, grace) || !strings.Contains(text, mallory) && name != "an id with a prefix" && name != "a second signature of the attacker's" {
					t.Fatal("this is no attack:", text)
				}
				if got, err := service().Verify(provider(honest), request, l.post(t), now); err == nil {
					t.Errorf("%q was let in", got.NameID)
				}
			})
		}
	}
}

func text(t testing.TB, el *etree.Element) string {
	t.Helper()
	s, err := etree.NewDocumentWithRoot(el.Copy()).WriteToString()
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// An id that is there twice could be found twice, even where it does no harm.
func TestAnIDStandsForOneElement(t *testing.T) {
	honest := newSigner(t, keys().honest)
	for _, attribute := range []string{"ID", "Id", "id", "xml:id"} {
		refused(t, provider(honest), letter{signAssertion: &honest, tamper: func(_ testing.TB, r *etree.Element) {
			r.SelectElement("Status").CreateElement("samlp:StatusDetail").CreateElement("x").CreateAttr(attribute, "_a1")
		}}, "an id occurs twice")
	}
}

// What one provider says of somebody is nothing that another could have said.
func TestAnAssertionOfAnotherProviderIsRefused(t *testing.T) {
	honest, evil := newSigner(t, keys().honest), newSigner(t, keys().evil)
	other := saml.IdentityProvider{EntityID: "https://other.example", Certificates: provider(evil).Certificates}
	if _, err := service().Verify(other, request, letter{signAssertion: &honest}.post(t), now); err == nil {
		t.Error("an assertion of another provider was let in")
	}
	if _, err := service().Verify(other, request, letter{signAssertion: &evil}.post(t), now); err == nil || !strings.Contains(err.Error(), "is from") {
		t.Errorf("a provider spoke for another: %v", err)
	}
}
