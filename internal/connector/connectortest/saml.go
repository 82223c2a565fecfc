package connectortest

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/xml"
	"errors"
	"fmt"
	"html/template"
	"math/big"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/beevik/etree"
	crewjam "github.com/crewjam/saml"
	dsig "github.com/russellhaering/goxmldsig"
)

// SAML is an identity provider of SAML 2.0, made of a library that others
// wrote. It takes requests of everybody, and answers as whoever the browser
// chooses to be. Serve it where SetBase says; its members may be changed between
// requests, under no lock of their own while any is under way.
type SAML struct {
	People []SAMLPerson
	// Now is the clock; nil means time.Now.
	Now func() time.Time
	// NameIDFormat of the names that it gives; persistent unless said.
	NameIDFormat string
	// Signs says what is signed.
	Signs SAMLSigns
	// Encrypt is a certificate that assertions are encrypted for, if not nil.
	Encrypt *x509.Certificate
	// WantSigned refuses requests of service providers whose metadata were not
	// registered, or that do not sign.
	WantSigned bool
	// Faults are what it does wrong.
	Faults SAMLFaults

	mu       sync.Mutex
	base     string
	key      *rsa.PrivateKey
	cert     *x509.Certificate
	services map[string]*crewjam.EntityDescriptor
}

// SAMLPerson is somebody with an account at the provider.
type SAMLPerson struct{ NameID, Email, Name string }

// SAMLSigns says what a provider signs. Zero is both.
type SAMLSigns int

// What a provider signs.
const (
	SignsBoth SAMLSigns = iota
	SignsAssertion
	SignsResponse
)

// The paths of the provider.
const (
	SAMLMetadataPath = "/metadata"
	SAMLSignInPath   = "/sso"
)

// samlLife is how long an assertion is good.
const samlLife = 5 * time.Minute

// NewSAML makes a provider with a key of its own and two people. It panics when
// the machine has no randomness.
func NewSAML() *SAML {
	s := &SAML{
		People: []SAMLPerson{
			{NameID: "grace-1906", Email: "grace@acme.example", Name: "Grace Hopper"},
			{NameID: "ada-1815", Email: "ada@acme.example", Name: "Ada Lovelace"},
		},
		services: map[string]*crewjam.EntityDescriptor{},
	}
	s.Rotate()
	return s
}

// Rotate gives the provider another key.
func (s *SAML) Rotate() {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "idp.example"},
		NotBefore: time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC), NotAfter: time.Date(2120, 1, 1, 0, 0, 0, 0, time.UTC),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		panic(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		panic(err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.key, s.cert = key, cert
}

// SetBase says where the provider is served, without a slash at the end.
func (s *SAML) SetBase(base string) { s.base = base }

// EntityID is the provider's name.
func (s *SAML) EntityID() string { return s.base + SAMLMetadataPath }

// MetadataURL is where its metadata are.
func (s *SAML) MetadataURL() string { return s.base + SAMLMetadataPath }

// Certificate returns the certificate of its key.
func (s *SAML) Certificate() *x509.Certificate {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.cert
}

// Metadata returns its metadata.
func (s *SAML) Metadata() ([]byte, error) {
	idp, err := s.library()
	if err != nil {
		return nil, err
	}
	return xml.MarshalIndent(idp.Metadata(), "", "  ")
}

// Register tells the provider of a service provider, by its metadata.
func (s *SAML) Register(metadata []byte) error {
	var e crewjam.EntityDescriptor
	if err := xml.Unmarshal(metadata, &e); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.services[e.EntityID] = &e
	return nil
}

func (s *SAML) now() time.Time {
	if s.Now == nil {
		return time.Now()
	}
	return s.Now()
}

func (s *SAML) library() (*crewjam.IdentityProvider, error) {
	metadata, err := url.Parse(s.MetadataURL())
	if err != nil {
		return nil, err
	}
	signIn, err := url.Parse(s.base + SAMLSignInPath)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	method := s.Faults.Method
	if method == "" {
		method = dsig.RSASHA256SignatureMethod
	}
	idp := &crewjam.IdentityProvider{Key: s.key, Certificate: s.cert, MetadataURL: *metadata, SSOURL: *signIn, SignatureMethod: method}
	if s.Faults.Stranger {
		if idp.Key, err = rsa.GenerateKey(rand.Reader, 2048); err != nil {
			return nil, err
		}
	}
	return idp, nil
}

// samlLogin lets a browser choose who to be.
var samlLogin = template.Must(template.New("login").Parse(`<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Acme sign-in</title>
<style>body{font:16px/1.5 system-ui;max-width:22rem;margin:4rem auto;padding:0 1rem}button{display:block;width:100%;margin:.5rem 0;padding:.75rem;font:inherit;text-align:start}</style>
<h1>Acme</h1>
<p>Who are you?</p>
<form method="post">
{{range .}}<button name="person" value="{{.NameID}}">{{.Name}} <small>{{.Email}}</small></button>
{{end}}<button name="refuse" value="yes">Cancel</button>
</form>
</html>
`))

// samlPost brings the answer to the service provider (SAML Bindings §3.5.4), by
// itself where scripts run.
var samlPost = template.Must(template.New("post").Parse(`<!doctype html>
<html lang="en"><meta charset="utf-8"><title>Acme sign-in</title>
<form method="post" action="{{.ACS}}">
{{range $name, $values := .Form}}{{range $values}}<input type="hidden" name="{{$name}}" value="{{.}}">
{{end}}{{end}}<button>Continue</button>
</form>
<script>document.forms[0].submit()</script>
</html>
`))

// ServeHTTP serves the metadata, the page to choose somebody on, and the page
// that posts the answer.
func (s *SAML) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch r.URL.Path {
	case SAMLMetadataPath:
		s.serveMetadata(w, r)
	case SAMLSignInPath:
		s.serveSignIn(w, r)
	default:
		http.NotFound(w, r)
	}
}

func (s *SAML) serveMetadata(w http.ResponseWriter, r *http.Request) {
	if s.Faults.Metadata != nil {
		s.Faults.Metadata(w, r)
		return
	}
	text, err := s.Metadata()
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/samlmetadata+xml")
	w.Header().Set("Cache-Control", "max-age=3600")
	_, _ = w.Write(text)
}

func (s *SAML) serveSignIn(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodPost {
		if _, err := s.request(r.URL); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		s.render(w, samlLogin, s.People)
		return
	}
	r.Body = http.MaxBytesReader(w, r.Body, 1<<20)
	acs, form, err := s.Answer(r.URL.String(), r.PostFormValue("person"))
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	s.render(w, samlPost, map[string]any{"ACS": acs, "Form": form})
}

func (*SAML) render(w http.ResponseWriter, page *template.Template, data any) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	if err := page.Execute(w, data); err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
	}
}

// request reads a request in the redirect binding and finds where its answer
// goes.
func (s *SAML) request(u *url.URL) (*crewjam.IdpAuthnRequest, error) {
	idp, err := s.library()
	if err != nil {
		return nil, err
	}
	req, err := crewjam.NewIdpAuthnRequest(idp, &http.Request{Method: http.MethodGet, URL: u, RemoteAddr: "192.0.2.1:1"})
	if err != nil {
		return nil, err
	}
	req.Now = s.now()
	idp.ServiceProviderProvider = &samlService{s: s, req: req}
	if err := req.Validate(); err != nil {
		return nil, err
	}
	return req, s.checkSigned(req, u)
}

// samlService finds the service provider of one request: the registered one, or
// whoever it says it is.
type samlService struct {
	s   *SAML
	req *crewjam.IdpAuthnRequest
}

// GetServiceProvider implements crewjam's interface.
func (f *samlService) GetServiceProvider(_ *http.Request, id string) (*crewjam.EntityDescriptor, error) {
	f.s.mu.Lock()
	defer f.s.mu.Unlock()
	if e, ok := f.s.services[id]; ok {
		return e, nil
	}
	yes := true
	return &crewjam.EntityDescriptor{EntityID: id, SPSSODescriptors: []crewjam.SPSSODescriptor{{
		AssertionConsumerServices: []crewjam.IndexedEndpoint{{
			Binding: crewjam.HTTPPostBinding, Location: f.req.Request.AssertionConsumerServiceURL, Index: 0, IsDefault: &yes,
		}},
	}}}, nil
}

// checkSigned verifies the signature of a request, where the service provider
// says that it signs (SAML Bindings §3.4.4.1).
func (s *SAML) checkSigned(req *crewjam.IdpAuthnRequest, u *url.URL) error {
	signs := req.SPSSODescriptor.AuthnRequestsSigned
	if signs == nil || !*signs {
		if s.WantSigned {
			return errors.New("the service provider does not sign its requests")
		}
		return nil
	}
	for _, k := range req.SPSSODescriptor.KeyDescriptors {
		if list := k.KeyInfo.X509Data.X509Certificates; len(list) > 0 {
			der, err := base64.StdEncoding.DecodeString(list[0].Data)
			if err != nil {
				return err
			}
			cert, err := x509.ParseCertificate(der)
			if err != nil {
				return err
			}
			return checkQuery(u, cert)
		}
	}
	return errors.New("the service provider has no key")
}

func checkQuery(u *url.URL, cert *x509.Certificate) error {
	signed, _, found := strings.Cut(u.RawQuery, "&Signature=")
	if i := strings.Index(signed, "SAMLRequest="); i > 0 {
		signed = signed[i:]
	}
	key, ok := cert.PublicKey.(*rsa.PublicKey)
	if !found || !ok || u.Query().Get("SigAlg") != dsig.RSASHA256SignatureMethod {
		return errors.New("the request is not signed by RSA with SHA-256")
	}
	signature, err := base64.StdEncoding.DecodeString(u.Query().Get("Signature"))
	if err != nil {
		return err
	}
	digest := sha256.Sum256([]byte(signed))
	return rsa.VerifyPKCS1v15(key, crypto.SHA256, digest[:], signature)
}

// Answer answers the request that a browser was sent to the provider with, as
// the person with that NameID, or by saying no for "". It returns where the
// browser posts which form.
func (s *SAML) Answer(location, person string) (acs string, form url.Values, err error) {
	u, err := url.Parse(location)
	if err != nil {
		return "", nil, err
	}
	req, err := s.request(u)
	if err != nil {
		return "", nil, err
	}
	root, err := s.response(req, person)
	if err != nil {
		return "", nil, err
	}
	if s.Faults.Tree != nil {
		s.Faults.Tree(root)
	}
	text, err := etree.NewDocumentWithRoot(root).WriteToString()
	if err != nil {
		return "", nil, err
	}
	if s.Faults.Text != nil {
		text = s.Faults.Text(text)
	}
	form = url.Values{"SAMLResponse": {base64.StdEncoding.EncodeToString([]byte(text))}}
	if req.RelayState != "" {
		form.Set("RelayState", req.RelayState)
	}
	if s.Faults.Form != nil {
		s.Faults.Form(form)
	}
	return req.ACSEndpoint.Location, form, nil
}

func (s *SAML) response(req *crewjam.IdpAuthnRequest, person string) (*etree.Element, error) {
	if person == "" {
		return s.refusal(req), nil
	}
	for _, p := range s.People {
		if p.NameID != person {
			continue
		}
		if err := s.assert(req, p); err != nil {
			return nil, err
		}
		if err := req.MakeResponse(); err != nil {
			return nil, err
		}
		return s.reread(req.ResponseEl)
	}
	return nil, fmt.Errorf("nobody has the name %q", person)
}

// reread writes a tree and reads it, since the library leaves it in pieces, and
// takes out the signature that is not wanted.
func (s *SAML) reread(el *etree.Element) (*etree.Element, error) {
	text, err := etree.NewDocumentWithRoot(el).WriteToBytes()
	if err != nil {
		return nil, err
	}
	doc := etree.NewDocument()
	if err := doc.ReadFromBytes(text); err != nil {
		return nil, err
	}
	root := doc.Root()
	if s.Signs == SignsAssertion {
		for _, sig := range root.SelectElements("Signature") {
			root.RemoveChild(sig)
		}
	}
	return root, nil
}

// assert makes the assertion, signed and encrypted as is wanted.
func (s *SAML) assert(req *crewjam.IdpAuthnRequest, p SAMLPerson) error {
	now, format := s.now().UTC(), s.NameIDFormat
	if format == "" {
		format = string(crewjam.PersistentNameIDFormat)
	}
	if s.Encrypt != nil {
		req.SPSSODescriptor.KeyDescriptors = []crewjam.KeyDescriptor{{Use: "encryption", KeyInfo: crewjam.KeyInfo{
			X509Data: crewjam.X509Data{X509Certificates: []crewjam.X509Certificate{{Data: base64.StdEncoding.EncodeToString(s.Encrypt.Raw)}}},
		}}}
	}
	session := &crewjam.Session{
		ID: "session-1", Index: "session-1", CreateTime: now, ExpireTime: now.Add(time.Hour), NameID: p.NameID, NameIDFormat: format,
		CustomAttributes: []crewjam.Attribute{samlAttribute("email", p.Email), samlAttribute("name", p.Name)},
	}
	if err := (crewjam.DefaultAssertionMaker{}).MakeAssertion(req, session); err != nil {
		return err
	}
	a := req.Assertion
	a.IssueInstant, a.Conditions.NotBefore, a.Conditions.NotOnOrAfter = now, now.Add(-time.Minute), now.Add(samlLife)
	for _, c := range a.Subject.SubjectConfirmations {
		c.SubjectConfirmationData.NotOnOrAfter = now.Add(samlLife)
	}
	if s.Faults.Assertion != nil {
		s.Faults.Assertion(a)
	}
	if s.Signs == SignsResponse {
		req.AssertionEl = a.Element()
		return nil
	}
	return req.MakeAssertionEl()
}

func samlAttribute(name, value string) crewjam.Attribute {
	return crewjam.Attribute{
		Name: name, NameFormat: "urn:oasis:names:tc:SAML:2.0:attrname-format:basic",
		Values: []crewjam.AttributeValue{{Type: "xs:string", Value: value}},
	}
}

// refusal is the answer of a guest who pressed Cancel.
func (s *SAML) refusal(req *crewjam.IdpAuthnRequest) *etree.Element {
	return (&crewjam.Response{
		ID: "id-refusal", Version: "2.0", InResponseTo: req.Request.ID, IssueInstant: s.now().UTC(), Destination: req.ACSEndpoint.Location,
		Issuer: &crewjam.Issuer{Value: s.EntityID()},
		Status: crewjam.Status{
			StatusCode: crewjam.StatusCode{
				Value:      crewjam.StatusResponder,
				StatusCode: &crewjam.StatusCode{Value: crewjam.StatusRequestDenied},
			},
			StatusMessage: &crewjam.StatusMessage{Value: "The guest said no."},
		},
	}).Element()
}
