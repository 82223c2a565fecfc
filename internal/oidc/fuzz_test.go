package oidc_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// FuzzTokenRequest sends anything to the token endpoint: it must answer with a
// refusal in the right form, never with a failure of ours and never with a
// token, since none of the seeds nor what grows from them holds the secret.
func FuzzTokenRequest(f *testing.F) {
	h := newHouse(f)
	for _, seed := range [][3]string{
		{formType, "grant_type=authorization_code&client_id=spa&code=x&redirect_uri=" + callback, ""},
		{formType, "grant_type=refresh_token&client_id=spa&refresh_token=x&scope=openid&resource=a&resource=b", ""},
		{formType, "grant_type=client_credentials&resource=" + indicator, basic("machine", "wrong")},
		{formType, "grant_type=client_credentials&client_id=machine&client_secret=%zz", ""},
		{"application/json", `{"grant_type":"refresh_token","client_id":"spa","resource":["a","b"]}`, ""},
		{"application/json;charset", `{"a":{"b":null}}`, "Basic =="},
		{"multipart/form-data; boundary=x", "--x", "Bearer a.b.c"},
		{formType, "client_id=%00&client_id=\xff", "basic "},
	} {
		f.Add(seed[0], seed[1], seed[2])
	}
	f.Fuzz(func(t *testing.T, contentType, body, authorization string) {
		r := httptest.NewRequest(http.MethodPost, endpoint+"/oidc/token", strings.NewReader(body))
		r.Header["Content-Type"] = []string{contentType}
		if authorization != "" {
			r.Header["Authorization"] = []string{authorization}
		}
		h.t = t
		a := h.do(r)
		if a.Status < 400 || a.Status >= 500 || a.text("error") == "" || a.text("code") != "oidc."+a.text("error") || a.text("message") == "" {
			t.Errorf("%d %s", a.Status, a.Body)
		}
	})
}
