package saml_test

import (
	"encoding/base64"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/beevik/etree"
	"github.com/google/go-cmp/cmp"
	dsig "github.com/russellhaering/goxmldsig"

	"guestlist/internal/saml"
)

func TestAnHonestAnswerIsRead(t *testing.T) {
	honest, ec := newSigner(t, keys().honest), newSigner(t, keys().ec)
	old := newSigner(t, keys().evil)
	want := saml.Assertion{
		ID: "_a1", Issuer: entity, NameID: mallory, NameIDFormat: saml.NameIDPersistent, SessionIndex: "_s1",
		Attributes: []saml.Attribute{
			{Name: "urn:oid:0.9.2342.19200300.100.1.3", FriendlyName: "mail", Values: []string{mallory}},
			{Name: "groups", Values: []string{"staff", "night"}},
		},
		Until: now.Add(5*time.Minute + saml.MaxSkew),
	}
	for name, tt := range map[string]struct {
		letter letter
		idp    saml.IdentityProvider
	}{
		"signed assertion":           {letter{signAssertion: &honest}, provider(honest)},
		"signed response":            {letter{signResponse: &honest}, provider(honest)},
		"both signed":                {letter{signAssertion: &honest, signResponse: &honest}, provider(honest)},
		"SHA-512":                    {letter{signAssertion: &honest, method: dsig.RSASHA512SignatureMethod}, provider(honest)},
		"ECDSA":                      {letter{signAssertion: &ec, method: dsig.ECDSASHA256SignatureMethod, tamper: rawECDSA}, provider(ec)},
		"ECDSA in ASN.1":             {letter{signResponse: &ec, method: dsig.ECDSASHA256SignatureMethod}, provider(ec)},
		"key rotated, the new one":   {letter{signAssertion: &honest}, provider(old, honest)},
		"key rotated, the old one":   {letter{signAssertion: &old}, provider(old, honest)},
		"KeyInfo that claims others": {letter{signAssertion: &signer{keys().honest, old.cert}}, provider(honest)},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := service().Verify(tt.idp, request, tt.letter.post(t), now)
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(want, got); d != "" {
				t.Error(d)
			}
			if d := cmp.Diff([]string{mallory}, got.Attribute("mail")); d != "" {
				t.Error("by friendly name:", d)
			}
		})
	}
}

// refused asks that a message is refused for the reason that is meant, since a
// test of forgeries that fails for another reason proves nothing.
func refused(t *testing.T, idp saml.IdentityProvider, l letter, because string) {
	t.Helper()
	got, err := service().Verify(idp, request, l.post(t), now)
	if err == nil {
		t.Fatalf("%q was let in", got.NameID)
	}
	if !strings.Contains(err.Error(), because) {
		t.Errorf("refused with %q, want %q", err, because)
	}
}

func TestWhatIsNotForUsNowIsRefused(t *testing.T) {
	honest := newSigner(t, keys().honest)
	confirmation := `<saml:SubjectConfirmation Method="urn:oasis:names:tc:SAML:2.0:cm:bearer"><saml:SubjectConfirmationData NotOnOrAfter="2026-11-24T12:05:00Z" Recipient="` + acs + `" InResponseTo="` + request + `"/></saml:SubjectConfirmation>`
	restriction := `<saml:AudienceRestriction><saml:Audience>` + us + `</saml:Audience></saml:AudienceRestriction>`
	conditions := `<saml:Conditions NotBefore="2026-11-24T11:59:00Z" NotOnOrAfter="2026-11-24T12:05:00Z">` + restriction + `</saml:Conditions>`
	data := ` NotOnOrAfter="2026-11-24T12:05:00Z" Recipient="`
	for name, tt := range map[string]struct {
		letter  letter
		because string
	}{
		"another audience":                        {replace(">"+us+"<", ">https://other.example<"), "another audience"},
		"no audience":                             {replace(restriction, ""), "for everybody"},
		"one restriction without":                 {replace(restriction, restriction+"<saml:AudienceRestriction><saml:Audience>https://other.example</saml:Audience></saml:AudienceRestriction>"), "another audience"},
		"audience with our name as its beginning": {replace(">"+us+"<", ">"+us+"2<"), "another audience"},
		"another recipient":                       {replace(`Recipient="`+acs, `Recipient="https://other.example/acs`), "recipient is"},
		"no recipient":                            {replace(` Recipient="`+acs+`"`, ""), "recipient is"},
		"answers another":                         {replace(`InResponseTo="`+request, `InResponseTo="_other`), "answers another request"},
		"answers nobody":                          {replace(` InResponseTo="`+request+`"`, ""), "answers no request"},
		"another issuer":                          {replace("<saml:Issuer>"+entity, "<saml:Issuer>https://evil.example"), `is from "https://evil.example"`},
		"no issuer":                               {replace("<saml:Issuer>"+entity+"</saml:Issuer>", "<saml:Advice/>"), `is from ""`},
		"two issuers":                             {replace("<saml:Issuer>"+entity+"</saml:Issuer>", "<saml:Issuer>"+entity+"</saml:Issuer><saml:Issuer>x</saml:Issuer>"), "2 elements Issuer"},
		"confirmation expired":                    {replace(data, ` NotOnOrAfter="2026-11-24T11:56:59Z" Recipient="`), "not valid any more"},
		"confirmation expired to the instant":     {replace(data, ` NotOnOrAfter="2026-11-24T11:57:00Z" Recipient="`), "not valid any more"},
		"confirmation without end":                {replace(data, ` Recipient="`), "has no end"},
		"no confirmation":                         {replace(confirmation, ""), "nothing confirms"},
		"holder of key":                           {replace("cm:bearer", "cm:holder-of-key"), "confirmed by"},
		"conditions expired":                      {replace(`59:00Z" NotOnOrAfter="2026-11-24T12:05:00Z"`, `59:00Z" NotOnOrAfter="2026-11-24T11:50:00Z"`), "not valid any more"},
		"not yet valid":                           {replace(`NotBefore="2026-11-24T11:59:00Z"`, `NotBefore="2026-11-24T12:03:01Z"`), "not valid before"},
		"no time":                                 {replace(`NotBefore="2026-11-24T11:59:00Z"`, `NotBefore="soon"`), "is no time"},
		"no conditions":                           {replace(conditions, ""), "no Conditions"},
		"unknown condition":                       {replace(restriction, restriction+`<saml:Condition/>`), "not understood"},
		"issued long ago":                         {replace(`IssueInstant="2026-11-24T12:00:00Z"`, `IssueInstant="2026-11-24T11:20:00Z"`), "was issued at"},
		"issued in the future":                    {replace(`IssueInstant="2026-11-24T12:00:00Z"`, `IssueInstant="2026-11-24T12:04:00Z"`), "from the future"},
		"session over":                            {replace(`SessionIndex="_s1"`, `SessionNotOnOrAfter="2026-11-24T11:00:00Z"`), "session at the provider is over"},
		"no statement":                            {replace("AuthnStatement", "AuthzStatement"), "nobody was authenticated"},
		"version 1.1":                             {replace(`Version="2.0"`, `Version="1.1"`), "version 2.0"},
		"no id":                                   {replace(` ID="_a1"`, ""), "refers to another element"},
		"name with a child":                       {replace(">"+mallory+"</saml:NameID>", ">"+grace+"<saml:X/>"+"</saml:NameID>"), "more than text"},
		"name with controls":                      {replace(">"+mallory+"</saml:NameID>", ">"+grace+"\u202e</saml:NameID>"), "control characters"},
		"huge name":                               {replace(">"+mallory+"</saml:NameID>", ">"+strings.Repeat("g", 600)+"</saml:NameID>"), "too long"},
		"two names":                               {replace("<saml:NameID ", "<saml:NameID>"+grace+"</saml:NameID><saml:NameID "), "2 elements NameID"},
		"two subjects":                            {replace("<saml:Subject>", "<saml:Subject/><saml:Subject>"), "2 elements Subject"},
		"huge attribute":                          {replace(">staff<", ">"+strings.Repeat("g", 9000)+"<"), "too large"},
	} {
		t.Run(name, func(t *testing.T) {
			tt.letter.signAssertion = &honest
			refused(t, provider(honest), tt.letter, tt.because)
		})
	}
}

func TestAnAnswerToNobodyIsRefused(t *testing.T) {
	honest := newSigner(t, keys().honest)
	for name, tt := range map[string]struct{ old, with, because string }{
		"unsolicited":         {` InResponseTo="` + request + `"`, "", "answers no request"},
		"another request":     {`InResponseTo="` + request, `InResponseTo="_other`, "answers another request"},
		"another destination": {`Destination="` + acs, `Destination="https://other.example/acs`, "meant for"},
		"another issuer":      {">" + entity, ">https://evil.example", "is from"},
		"no status":           {"samlp:Status>", "samlp:Extensions>", "no Status"},
		"from the future":     {`IssueInstant="2026-11-24T12:00:00Z"`, `IssueInstant="2026-11-24T12:04:00Z"`, "from the future"},
		"version":             {`Version="2.0"`, `Version="2.1"`, "version 2.0"},
		"not a response":      {"samlp:Response", "samlp:LogoutResponse", "not a SAML response"},
		"another namespace":   {"SAML:2.0:protocol", "SAML:1.0:protocol", "not a SAML response"},
	} {
		t.Run(name, func(t *testing.T) {
			changed := strings.ReplaceAll(honestResponse, tt.old, tt.with)
			if changed == honestResponse {
				t.Fatal("nothing was changed")
			}
			refused(t, provider(honest), letter{response: changed, signAssertion: &honest}, tt.because)
			refused(t, provider(honest), letter{response: changed, signResponse: &honest}, tt.because)
		})
	}
	signed := letter{response: strings.Replace(honestResponse, ` Destination="`+acs+`"`, "", 1), signResponse: &honest}
	refused(t, provider(honest), signed, "meant for")
	if _, err := service().Verify(provider(honest), "", letter{signAssertion: &honest}.post(t), now); err == nil {
		t.Error("an answer was taken without a request")
	}
}

func TestAProviderThatSaysNoGivesItsReason(t *testing.T) {
	honest := newSigner(t, keys().honest)
	response := strings.Replace(honestResponse, `<samlp:StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:Success"/>`,
		`<samlp:StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:Responder"><samlp:StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:RequestDenied"/></samlp:StatusCode><samlp:StatusMessage>No, `+strings.Repeat("x", 400)+`</samlp:StatusMessage>`, 1)
	_, err := service().Verify(provider(honest), request, letter{response: response, signResponse: &honest}.post(t), now)
	var no *saml.StatusError
	if !errors.As(err, &no) {
		t.Fatalf("got %v", err)
	}
	if no.Code != "urn:oasis:names:tc:SAML:2.0:status:RequestDenied" || !strings.HasPrefix(no.Message, "No, xxx") || len(no.Message) > 256 {
		t.Errorf("got %#v", no)
	}
}

func TestWhatNobodyTrustedSignedIsRefused(t *testing.T) {
	honest, evil := newSigner(t, keys().honest), newSigner(t, keys().evil)
	strip := func(path string) func(testing.TB, *etree.Element) {
		return func(t testing.TB, r *etree.Element) {
			found := r.FindElements(path)
			if len(found) == 0 {
				t.Fatal("nothing at", path)
			}
			for _, el := range found {
				el.Parent().RemoveChild(el)
			}
		}
	}
	set := func(path, value string) func(testing.TB, *etree.Element) {
		return func(t testing.TB, r *etree.Element) {
			el := r.FindElement(path)
			if el == nil {
				t.Fatal("nothing at", path)
			}
			el.SetText(value)
		}
	}
	algorithm := func(path, value string) func(testing.TB, *etree.Element) {
		return func(t testing.TB, r *etree.Element) { r.FindElement(path).CreateAttr("Algorithm", value) }
	}
	for name, tt := range map[string]struct {
		letter  letter
		because string
	}{
		"unsigned":                          {letter{}, "nothing is signed"},
		"signature taken out":               {letter{signAssertion: &honest, tamper: strip("//Signature")}, "nothing is signed"},
		"another key":                       {letter{signAssertion: &evil}, "signature of Assertion"},
		"another key over the response":     {letter{signResponse: &evil}, "signature of Response"},
		"one good signature, one bad":       {letter{signAssertion: &evil, signResponse: &honest}, "signature of Assertion"},
		"one bad signature, one good":       {letter{signAssertion: &honest, signResponse: &evil}, "signature of Response"},
		"name changed":                      {letter{signAssertion: &honest, tamper: set("//NameID", grace)}, "signature of Assertion"},
		"name changed in a signed response": {letter{signResponse: &honest, tamper: set("//NameID", grace)}, "signature of Response"},
		"attribute changed":                 {letter{signAssertion: &honest, tamper: set("//AttributeValue", grace)}, "signature of Assertion"},
		"signature value empty":             {letter{signAssertion: &honest, tamper: set("//SignatureValue", "")}, "signature of Assertion"},
		"signature value no base64":         {letter{signAssertion: &honest, tamper: set("//SignatureValue", "!!")}, "signature value"},
		"no SignedInfo":                     {letter{signAssertion: &honest, tamper: strip("//SignedInfo")}, "no SignedInfo"},
		"no SignatureValue":                 {letter{signAssertion: &honest, tamper: strip("//SignatureValue")}, "no SignatureValue"},
		"no reference":                      {letter{signAssertion: &honest, tamper: strip("//Reference")}, "no Reference"},
		"no transforms":                     {letter{signAssertion: &honest, tamper: strip("//Transforms")}, "no Transforms"},
		"SHA-1":                             {letter{signAssertion: &honest, method: dsig.RSASHA1SignatureMethod}, "is not allowed"},
		"SHA-1 claimed":                     {letter{signAssertion: &honest, tamper: algorithm("//SignatureMethod", dsig.RSASHA1SignatureMethod)}, "is not allowed"},
		"SHA-1 digest":                      {letter{signAssertion: &honest, tamper: algorithm("//DigestMethod", "http://www.w3.org/2000/09/xmldsig#sha1")}, "is not allowed"},
		"HMAC with the public key":          {letter{signAssertion: &honest, tamper: algorithm("//SignatureMethod", "http://www.w3.org/2000/09/xmldsig#hmac-sha1")}, "is not allowed"},
		"no algorithm":                      {letter{signAssertion: &honest, tamper: algorithm("//SignatureMethod", "")}, "is not allowed"},
		"comments left in":                  {letter{signAssertion: &honest, tamper: algorithm("//CanonicalizationMethod", "http://www.w3.org/2001/10/xml-exc-c14n#WithComments")}, "is not allowed"},
		"XSLT":                              {letter{signAssertion: &honest, tamper: algorithm("//Transform", "http://www.w3.org/TR/1999/REC-xslt-19991116")}, "transforms"},
		"XPath":                             {letter{signAssertion: &honest, tamper: algorithm("//Transform", "http://www.w3.org/TR/1999/REC-xpath-19991116")}, "transforms"},
		"reference to the whole document":   {letter{signAssertion: &honest, tamper: func(_ testing.TB, r *etree.Element) { r.FindElement("//Reference").CreateAttr("URI", "") }}, "another element"},
	} {
		t.Run(name, func(t *testing.T) { refused(t, provider(honest), tt.letter, tt.because) })
	}
	t.Run("no key is known", func(t *testing.T) {
		refused(t, provider(), letter{signAssertion: &honest}, "no key of the provider")
	})
	t.Run("the certificate has ended", func(t *testing.T) {
		_, err := service().Verify(provider(honest), request, letter{signAssertion: &honest}.post(t), now.AddDate(1, 0, 0))
		var c *saml.CertificateError
		if !errors.As(err, &c) {
			t.Errorf("got %v", err)
		}
	})
}

// A comment in a name once let somebody be whoever comes before it.
func TestACommentCutsNoName(t *testing.T) {
	honest := newSigner(t, keys().honest)
	l := replace(">"+mallory+"</saml:NameID>", ">"+grace+".evil.example</saml:NameID>")
	l.signAssertion = &honest
	l.tamper = func(_ testing.TB, r *etree.Element) {
		name := r.FindElement("//NameID")
		name.Child = nil
		name.CreateText(grace)
		name.CreateComment("")
		name.CreateText(".evil.example")
	}
	refused(t, provider(honest), l, "comments are not allowed")
}

func TestXMLThatIsMoreThanXMLIsRefused(t *testing.T) {
	honest := newSigner(t, keys().honest)
	text := letter{signAssertion: &honest}.text(t)
	bomb := `<!DOCTYPE r [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;">]>`
	deep := strings.Repeat("<x>", 100) + strings.Repeat("</x>", 100)
	for name, tt := range map[string]struct{ text, because string }{
		"entities that expand":     {bomb + strings.Replace(text, mallory, "&c;", 1), "document type"},
		"entities from outside":    {`<!DOCTYPE r [<!ENTITY a SYSTEM "file:///etc/passwd">]>` + strings.Replace(text, mallory, "&a;", 1), "document type"},
		"an unknown entity":        {strings.Replace(text, mallory, "&a;", 1), "entity"},
		"an instruction":           {strings.Replace(text, mallory, "<?x y?>"+mallory, 1), "processing instructions"},
		"huge":                     {text + strings.Repeat(" ", saml.MaxResponse), "larger than"},
		"deep":                     {strings.Replace(text, "<saml:Subject>", deep+"<saml:Subject>", 1), "levels"},
		"many":                     {strings.Replace(text, "<saml:Subject>", strings.Repeat("<x/>", 5000)+"<saml:Subject>", 1), "more than 4096 elements"},
		"many attributes":          {strings.Replace(text, "<saml:Subject>", "<saml:Subject"+many(64)+">", 1), "more than 32 attributes"},
		"an attribute twice":       {strings.Replace(text, `ID="_a1"`, `ID="_a1" ID="_a2"`, 1), "twice"},
		"two roots":                {text + text, "not one XML element"},
		"nothing":                  {"", "not one XML element"},
		"not XML":                  {"hello", "text around"},
		"not closed":               {strings.TrimSuffix(text, "</samlp:Response>"), "XML"},
		"not UTF-8":                {strings.Replace(text, mallory, "\xff", 1), "not UTF-8"},
		"UTF-16":                   {`<?xml version="1.0" encoding="utf-16"?>` + text, "XML"},
		"a prefix nobody declared": {strings.Replace(text, "samlp:Status>", "nope:Status>", 2), "Response"},
		"text after the end":       {text + "x", "text around"},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := service().Verify(provider(honest), request, base64.StdEncoding.EncodeToString([]byte(tt.text)), now)
			if err == nil {
				t.Fatalf("%q was let in", got.NameID)
			}
			if !strings.Contains(err.Error(), tt.because) {
				t.Errorf("refused with %q, want %q", err, tt.because)
			}
		})
	}
	for name, field := range map[string]string{"no base64": "%%%", "megabytes": strings.Repeat("A", 10<<20)} {
		if _, err := service().Verify(provider(honest), request, field, now); err == nil {
			t.Error(name, "was let in")
		}
	}
}

func many(n int) string {
	var b strings.Builder
	for i := range n {
		b.WriteString(` a` + strings.Repeat("b", i) + `="x"`)
	}
	return b.String()
}

// FuzzVerify cuts and writes into honest answers: whatever comes of it is
// refused, or still speaks of who was signed for. Keys are of the process, so
// that the answer is, too.
func FuzzVerify(f *testing.F) {
	honest := newSigner(f, keys().honest)
	letters := []string{
		letter{signAssertion: &honest}.text(f), letter{signResponse: &honest}.text(f), letter{signAssertion: &honest, signResponse: &honest}.text(f),
	}
	f.Add(uint(0), uint(0), uint(0), "")
	f.Add(uint(1), uint(900), uint(3), "<saml:NameID>"+grace+"</saml:NameID>")
	f.Add(uint(2), uint(400), uint(0), "<!-- -->")
	idp, sp := provider(honest), service()
	sp.Decrypt = keys().evil
	f.Fuzz(func(t *testing.T, which, at, cut uint, insert string) {
		text := letters[which%uint(len(letters))]
		at %= uint(len(text))
		cut = min(cut%64, uint(len(text))-at)
		a, err := sp.Verify(idp, request, base64.StdEncoding.EncodeToString([]byte(text[:at]+insert+text[at+cut:])), now)
		if err == nil && (a.NameID != mallory || a.Attribute("mail")[0] != mallory) {
			t.Errorf("%q was let in", a.NameID)
		}
	})
}
