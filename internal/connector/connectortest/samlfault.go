package connectortest

import (
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/beevik/etree"
	crewjam "github.com/crewjam/saml"
	dsig "github.com/russellhaering/goxmldsig"
)

// SAMLFaults are the places where a SAML provider can be made to go wrong. Zero
// leaves a place right.
type SAMLFaults struct {
	Metadata  http.HandlerFunc
	Assertion func(*crewjam.Assertion) // before it is signed
	Method    string                   // of the signatures
	Stranger  bool                     // sign with a key that is not in the metadata
	Tree      func(*etree.Element)     // the response, after it was signed
	Text      func(string) string      // the same as text
	Form      func(url.Values)
}

// SAMLFault is one thing that a SAML provider, or whoever sits between it and
// us, can do wrong, and the code that it must end in. Provoke expects a
// provider that is right.
type SAMLFault struct {
	Name    string
	Code    string
	Provoke func(*SAML)
}

const (
	samlResponse = "connector.invalid_response"
	samlForeign  = "connector.invalid_request_parameters"
)

// AllSAMLFaults lists everything that can be wrong with an answer.
func AllSAMLFaults() []SAMLFault {
	return append(append(samlMessageFaults(), samlAssertionFaults()...), samlFormFaults()...)
}

func samlAssertionFaults() []SAMLFault {
	said := func(change func(*crewjam.Assertion)) func(*SAML) {
		return func(s *SAML) { s.Faults.Assertion = change }
	}
	confirmed := func(change func(*crewjam.SubjectConfirmationData)) func(*SAML) {
		return said(func(a *crewjam.Assertion) { change(a.Subject.SubjectConfirmations[0].SubjectConfirmationData) })
	}
	moved := func(by time.Duration) func(*SAML) {
		return said(func(a *crewjam.Assertion) {
			a.IssueInstant = a.IssueInstant.Add(by)
			a.Conditions.NotBefore, a.Conditions.NotOnOrAfter = a.Conditions.NotBefore.Add(by), a.Conditions.NotOnOrAfter.Add(by)
			data := a.Subject.SubjectConfirmations[0].SubjectConfirmationData
			data.NotOnOrAfter = data.NotOnOrAfter.Add(by)
		})
	}
	return []SAMLFault{
		{"another audience", samlResponse, said(func(a *crewjam.Assertion) {
			a.Conditions.AudienceRestrictions[0].Audience.Value = "https://another.example"
		})},
		{"no audience", samlResponse, said(func(a *crewjam.Assertion) { a.Conditions.AudienceRestrictions = nil })},
		{"another recipient", samlResponse, confirmed(func(d *crewjam.SubjectConfirmationData) { d.Recipient = "https://another.example/acs" })},
		{"answer to another request", samlResponse, confirmed(func(d *crewjam.SubjectConfirmationData) { d.InResponseTo = "_another" })},
		{"answer to no request", samlResponse, confirmed(func(d *crewjam.SubjectConfirmationData) { d.InResponseTo = "" })},
		{"another issuer", samlResponse, said(func(a *crewjam.Assertion) { a.Issuer.Value = "https://evil.example" })},
		{"expired", samlResponse, moved(-20 * time.Minute)},
		{"not yet valid", samlResponse, moved(20 * time.Minute)},
		{"nobody was authenticated", samlResponse, said(func(a *crewjam.Assertion) { a.AuthnStatements = nil })},
		{"no name", samlResponse, said(func(a *crewjam.Assertion) { a.Subject.NameID.Value = "" })},
		{"endless name", samlResponse, said(func(a *crewjam.Assertion) { a.Subject.NameID.Value = strings.Repeat("a", 300) })},
		{"a name for one session", samlResponse, func(s *SAML) { s.NameIDFormat = string(crewjam.TransientNameIDFormat) }},
	}
}

func samlMessageFaults() []SAMLFault {
	tree := func(change func(*etree.Element)) func(*SAML) {
		return func(s *SAML) { s.Faults.Tree = change }
	}
	text := func(change func(string) string) func(*SAML) {
		return func(s *SAML) { s.Faults.Text = change }
	}
	status := func(code string) func(*SAML) {
		return func(s *SAML) {
			s.Signs = SignsAssertion // a response that says no is often not signed
			s.Faults.Text = func(text string) string { return strings.Replace(text, "status:Success", "status:"+code, 1) }
		}
	}
	return []SAMLFault{
		{"unsigned", samlResponse, tree(func(r *etree.Element) {
			for _, sig := range r.FindElements("//Signature") {
				sig.Parent().RemoveChild(sig)
			}
		})},
		{"signed by a stranger", samlResponse, func(s *SAML) { s.Faults.Stranger = true }},
		{"signed with SHA-1", samlResponse, func(s *SAML) { s.Faults.Method = dsig.RSASHA1SignatureMethod }},
		{"changed after signing", samlResponse, tree(func(r *etree.Element) { r.FindElement("//NameID").SetText("ada-1815x") })},
		{"another assertion before the signed one", samlResponse, tree(func(r *etree.Element) {
			signed := r.FindElement("//Assertion")
			forged := signed.Copy()
			for _, sig := range forged.SelectElements("Signature") {
				forged.RemoveChild(sig)
			}
			forged.CreateAttr("ID", "id-forged")
			forged.FindElement(".//NameID").SetText("somebody-else")
			for _, sig := range r.SelectElements("Signature") {
				r.RemoveChild(sig)
			}
			r.InsertChildAt(signed.Index(), forged)
		})},
		{"a comment in the name", samlResponse, tree(func(r *etree.Element) { r.FindElement("//NameID").CreateComment("") })},
		{"entities", samlResponse, text(func(s string) string {
			return `<!DOCTYPE r [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">]>` + s
		})},
		{"entities from a file", samlResponse, text(func(s string) string {
			return `<!DOCTYPE r [<!ENTITY a SYSTEM "file:///etc/passwd">]>` + s
		})},
		{"huge", samlResponse, text(func(s string) string { return s + strings.Repeat(" ", 300<<10) })},
		{"no XML", samlResponse, text(func(string) string { return "Welcome!" })},
		{"another destination", samlResponse, tree(func(r *etree.Element) { r.CreateAttr("Destination", "https://another.example/acs") })},
		{"provider in trouble", "connector.general", status("Responder")},
		{"nobody signed in there", "connector.authorization_failed", status("AuthnFailed")},
	}
}

func samlFormFaults() []SAMLFault {
	form := func(change func(url.Values)) func(*SAML) {
		return func(s *SAML) { s.Faults.Form = change }
	}
	return []SAMLFault{
		{"no answer", "connector.insufficient_request_parameters", form(func(v url.Values) { v.Del("SAMLResponse") })},
		{"two answers", samlForeign, form(func(v url.Values) { v.Add("SAMLResponse", v.Get("SAMLResponse")) })},
		{"no base64", samlResponse, form(func(v url.Values) { v.Set("SAMLResponse", "%%%") })},
		{"the relay state of another attempt", samlForeign, form(func(v url.Values) { v.Set("RelayState", "another") })},
		{"no relay state", samlForeign, form(func(v url.Values) { v.Del("RelayState") })},
	}
}
