package mail

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"net"
	"net/netip"
	"strings"
	"time"
)

// Defaults of the SMTP timeouts. They are shorter than Logto's (2, 0.5 and 10
// minutes): mail is sent by a queue that tries again, so that waiting long for
// one server only holds up the mail behind it.
const (
	connectionTimeout = 30 * time.Second // to look the name up and connect
	greetingTimeout   = 30 * time.Second // from there to the end of authentication
	socketTimeout     = 60 * time.Second // for the message itself
)

// smtpConfig is the config of simple-mail-transfer-protocol. Members that it
// does not name (logger, debug, disableFileAccess, disableUrlAccess,
// dnsTimeout) are accepted and have nothing to switch here: protocol traces
// are never logged, templates never read files or URLs, and looking the name
// up is part of connecting.
type smtpConfig struct {
	Host              string                `json:"host"`
	Port              int                   `json:"port"`
	Auth              json.RawMessage       `json:"auth"`
	FromEmail         string                `json:"fromEmail"`
	ReplyTo           string                `json:"replyTo"`
	Templates         []configTemplate      `json:"templates"`
	Secure            bool                  `json:"secure"` // TLS from the start, RFC 8314 §3.3
	TLS               tlsConfig             `json:"tls"`
	Servername        string                `json:"servername"`
	IgnoreTLS         bool                  `json:"ignoreTLS"`
	RequireTLS        bool                  `json:"requireTLS"`
	Name              string                `json:"name"` // for EHLO
	LocalAddress      string                `json:"localAddress"`
	ConnectionTimeout *float64              `json:"connectionTimeout"` // milliseconds, like the next two
	GreetingTimeout   *float64              `json:"greetingTimeout"`
	SocketTimeout     *float64              `json:"socketTimeout"`
	CustomHeaders     map[string]stringList `json:"customHeaders"`
}

// tlsConfig is the part of Node's TLS options that has a meaning here.
type tlsConfig struct {
	RejectUnauthorized *bool      `json:"rejectUnauthorized"`
	Servername         string     `json:"servername"`
	MinVersion         string     `json:"minVersion"`
	CA                 stringList `json:"ca"` // PEM
}

// smtpAuth is either a login or OAuth 2, told apart by type and members.
type smtpAuth struct {
	Type          string   `json:"type"`
	User          string   `json:"user"`
	Pass          string   `json:"pass"`
	ClientID      string   `json:"clientId"`
	ClientSecret  string   `json:"clientSecret"`
	RefreshToken  string   `json:"refreshToken"`
	AccessToken   string   `json:"accessToken"`
	Expires       *float64 `json:"expires"` // of accessToken, milliseconds since the epoch
	AccessURL     string   `json:"accessUrl"`
	PrivateKey    string   `json:"privateKey"` // PEM, with serviceClient
	ServiceClient string   `json:"serviceClient"`
}

// stringList reads a string or a list of strings.
type stringList []string

// UnmarshalJSON implements json.Unmarshaler.
func (l *stringList) UnmarshalJSON(b []byte) error {
	var one string
	if json.Unmarshal(b, &one) == nil {
		*l = stringList{one}
		return nil
	}
	var many []string
	if json.Unmarshal(b, &many) != nil {
		return errors.New("expected a string or a list of strings")
	}
	*l = many
	return nil
}

func (c smtpConfig) check(is *issues) {
	is.host("host", c.Host, true)
	if c.Port < 1 || c.Port > 65535 {
		is.add("port", "Expected a port from 1 to 65535")
	}
	is.address("fromEmail", c.FromEmail, true)
	is.address("replyTo", c.ReplyTo, false)
	is.host("servername", c.Servername, false)
	is.host("name", c.Name, false)
	if _, err := netip.ParseAddr(c.LocalAddress); c.LocalAddress != "" && err != nil {
		is.add("localAddress", "Expected an IP address")
	}
	is.millis("connectionTimeout", c.ConnectionTimeout)
	is.millis("greetingTimeout", c.GreetingTimeout)
	is.millis("socketTimeout", c.SocketTimeout)
	if c.IgnoreTLS && (c.RequireTLS || c.Secure) {
		is.add("ignoreTLS", "Excludes secure and requireTLS")
	}
	if _, err := c.TLS.build(c.Host); err != nil {
		is.add("tls", "%v", err)
	}
	checkHeaders(is, c.CustomHeaders)
	if auth, err := parseAuth(c.Auth); err != nil {
		is.add("auth", "%v", err)
	} else {
		auth.check(is)
	}
	is.templates(c.Templates, true, memberContentType)
}

func parseAuth(raw json.RawMessage) (smtpAuth, error) {
	var a smtpAuth
	if t := bytes.TrimSpace(raw); len(t) == 0 || t[0] != '{' {
		return a, errors.New("expected an object, which may be empty")
	}
	d := json.NewDecoder(bytes.NewReader(raw))
	d.DisallowUnknownFields()
	if d.Decode(&a) != nil { // its error could quote a password
		return a, errors.New(`expected {"user", "pass"} or the members of an OAuth 2 login, all of them texts`)
	}
	return a, nil
}

func (a smtpAuth) oauth() bool {
	return a.Type == "oauth2" || a.AccessToken != "" || a.RefreshToken != "" || a.ServiceClient != ""
}

func (a smtpAuth) check(is *issues) {
	is.text("auth.user", a.User, a.oauth())
	is.text("auth.pass", a.Pass, false)
	is.endpoint("auth.accessUrl", a.AccessURL, false)
	switch {
	case a.Type != "" && a.Type != "login" && a.Type != "oauth2":
		is.add("auth.type", "Expected login or oauth2")
	case !a.oauth():
		if (a.User == "") != (a.Pass == "") {
			is.add("auth", "Expected both user and pass, or neither")
		}
	case a.ServiceClient != "" || a.PrivateKey != "":
		if _, err := parseRSAKey(a.PrivateKey); err != nil || a.ServiceClient == "" {
			is.add("auth", "Expected serviceClient together with privateKey, an RSA key in PEM")
		}
	case a.RefreshToken != "":
		if a.ClientID == "" {
			is.add("auth.clientId", "Required with a refreshToken")
		}
	case a.AccessToken == "":
		is.add("auth", "Expected accessToken, or refreshToken with clientId, or serviceClient with privateKey")
	}
}

// build makes the TLS settings for a server name.
func (c tlsConfig) build(servername string) (*tls.Config, error) {
	if c.Servername != "" {
		servername = c.Servername
	}
	t := &tls.Config{ServerName: servername, MinVersion: tls.VersionTLS12}
	switch c.MinVersion {
	case "", "TLSv1", "TLSv1.1", "TLSv1.2": // RFC 8996 forbids what is older
	case "TLSv1.3":
		t.MinVersion = tls.VersionTLS13
	default:
		return nil, errors.New("minVersion: expected TLSv1.2 or TLSv1.3")
	}
	if c.RejectUnauthorized != nil && !*c.RejectUnauthorized {
		t.InsecureSkipVerify = true // the operator asked for it by Node's own name
	}
	if len(c.CA) > 0 {
		t.RootCAs = x509.NewCertPool()
		for _, pem := range c.CA {
			if !t.RootCAs.AppendCertsFromPEM([]byte(pem)) {
				return nil, errors.New("ca: expected certificates in PEM")
			}
		}
	}
	return t, nil
}

// ownHeaders are written by the sender itself; a second one would make the
// mail mean two things.
var ownHeaders = []string{
	"From", "To", "Cc", "Bcc", "Sender", "Subject", "Date", "Message-ID", "Reply-To", "Return-Path",
	"MIME-Version", "Received", "User-Agent", "X-Mailer", "List-Unsubscribe", "List-Unsubscribe-Post",
}

func checkHeaders(is *issues, headers map[string]stringList) {
	if len(headers) > maxHeaders {
		is.add("customHeaders", "More than %d headers", maxHeaders)
		return
	}
	for name, values := range headers {
		if !isHeaderName(name) {
			is.add("customHeaders", "%.60q cannot be the name of a header", name)
			continue
		}
		if len(name) > len("Content-") && strings.EqualFold(name[:len("Content-")], "Content-") || containsFold(ownHeaders, name) {
			is.add("customHeaders", "%s is written by the sender itself", name)
		}
		for _, v := range values {
			if len(v) > maxHeaderValue || strings.ContainsFunc(v, isControl) {
				is.add("customHeaders", "%s: Expected one line of at most %d bytes", name, maxHeaderValue)
			}
		}
	}
}

// isHeaderName is the field-name of RFC 5322 §2.2.
func isHeaderName(s string) bool {
	return s != "" && len(s) <= 76 && !strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r == ':' || r > '~' })
}

func containsFold(list []string, s string) bool {
	for _, e := range list {
		if strings.EqualFold(e, s) {
			return true
		}
	}
	return false
}

func milliseconds(v *float64, otherwise time.Duration) time.Duration {
	if v == nil || *v <= 0 {
		return otherwise
	}
	return time.Duration(*v) * time.Millisecond
}

// localTCP is the address to connect from, nil for any.
func (c smtpConfig) localTCP() net.Addr {
	a, err := netip.ParseAddr(c.LocalAddress)
	if err != nil {
		return nil
	}
	return net.TCPAddrFromAddrPort(netip.AddrPortFrom(a, 0))
}
