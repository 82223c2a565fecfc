package saml_test

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha1"
	"encoding/base64"
	"strings"
	"testing"

	"github.com/beevik/etree"
	"github.com/crewjam/saml/xmlenc"
)

const (
	gcm128 = "http://www.w3.org/2009/xmlenc11#aes128-gcm"
	cbc128 = "http://www.w3.org/2001/04/xmlenc#aes128-cbc"
)

// sealed replaces the assertion of a response by an encrypted one.
func sealed(method string, public *rsa.PublicKey, spoil bool) func(testing.TB, *etree.Element) {
	return func(t testing.TB, r *etree.Element) {
		t.Helper()
		a := r.SelectElement("Assertion")
		plain := []byte(text(t, a))
		key := make([]byte, 16)
		iv := make([]byte, 16)
		_, _ = rand.Read(key)
		_, _ = rand.Read(iv)
		block, err := aes.NewCipher(key)
		if err != nil {
			t.Fatal(err)
		}
		var out []byte
		switch method {
		case gcm128:
			g, err := cipher.NewGCM(block)
			if err != nil {
				t.Fatal(err)
			}
			out = g.Seal(iv[:12:12], iv[:12], plain, nil)
		default:
			pad := 16 - len(plain)%16
			plain = append(plain, make([]byte, pad)...)
			plain[len(plain)-1] = byte(pad)
			out = make([]byte, len(plain))
			cipher.NewCBCEncrypter(block, iv).CryptBlocks(out, plain)
			out = append(iv, out...)
		}
		if spoil {
			out = out[:len(out)-3]
		}
		wrapped, err := rsa.EncryptOAEP(sha1.New(), rand.Reader, public, key, nil)
		if err != nil {
			t.Fatal(err)
		}
		r.RemoveChild(a)
		r.AddChild(element(t, `<saml:EncryptedAssertion xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion"><xenc:EncryptedData xmlns:xenc="http://www.w3.org/2001/04/xmlenc#" Id="_d"><xenc:EncryptionMethod Algorithm="`+method+`"/><ds:KeyInfo xmlns:ds="http://www.w3.org/2000/09/xmldsig#"><xenc:EncryptedKey Id="_k"><xenc:EncryptionMethod Algorithm="http://www.w3.org/2001/04/xmlenc#rsa-oaep-mgf1p"/><xenc:CipherData><xenc:CipherValue>`+
			base64.StdEncoding.EncodeToString(wrapped)+`</xenc:CipherValue></xenc:CipherData></xenc:EncryptedKey></ds:KeyInfo><xenc:CipherData><xenc:CipherValue>`+
			base64.StdEncoding.EncodeToString(out)+`</xenc:CipherValue></xenc:CipherData></xenc:EncryptedData></saml:EncryptedAssertion>`))
	}
}

// signAfter signs a response whose assertion is encrypted already.
func signAfter(s signer, seal func(testing.TB, *etree.Element)) func(testing.TB, *etree.Element) {
	return func(t testing.TB, r *etree.Element) {
		t.Helper()
		seal(t, r)
		become(r, sign(t, element(t, text(t, r)), s, "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"))
	}
}

func TestEncryptedAssertions(t *testing.T) {
	honest, ours := newSigner(t, keys().honest), rsaKey(t, 2048)
	sp := service()
	sp.Decrypt = ours
	for name, tt := range map[string]struct {
		letter  letter
		because string // empty: let in
	}{
		"signed within, GCM":         {letter{signAssertion: &honest, tamper: sealed(gcm128, &ours.PublicKey, false)}, ""},
		"signed around, GCM":         {letter{tamper: signAfter(honest, sealed(gcm128, &ours.PublicKey, false))}, ""},
		"signed around, CBC":         {letter{tamper: signAfter(honest, sealed(cbc128, &ours.PublicKey, false))}, ""},
		"signed twice, CBC":          {letter{signAssertion: &honest, tamper: signAfter(honest, sealed(cbc128, &ours.PublicKey, false))}, ""},
		"signed within only, CBC":    {letter{signAssertion: &honest, tamper: sealed(cbc128, &ours.PublicKey, false)}, "not allowed here"},
		"unsigned":                   {letter{tamper: sealed(gcm128, &ours.PublicKey, false)}, "nothing is signed"},
		"for somebody else":          {letter{signAssertion: &honest, tamper: sealed(gcm128, &keys().evil.PublicKey, false)}, "cannot be opened"},
		"cut":                        {letter{signAssertion: &honest, tamper: sealed(gcm128, &ours.PublicKey, true)}, "cannot be opened"},
		"cut within a block, signed": {letter{tamper: signAfter(honest, sealed(cbc128, &ours.PublicKey, true))}, "cannot be opened"},
		"another algorithm":          {letter{tamper: signAfter(honest, sealed("http://www.w3.org/2001/04/xmlenc#tripledes-cbc", &ours.PublicKey, false))}, "not allowed here"},
		"PKCS 1 v1.5": {letter{signAssertion: &honest, tamper: func(t testing.TB, r *etree.Element) {
			sealed(gcm128, &ours.PublicKey, false)(t, r)
			r.FindElement("//EncryptedKey/EncryptionMethod").CreateAttr("Algorithm", "http://www.w3.org/2001/04/xmlenc#rsa-1_5")
		}}, "not allowed here"},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := sp.Verify(provider(honest), request, tt.letter.post(t), now)
			switch {
			case tt.because == "" && err != nil:
				t.Error(err)
			case tt.because == "" && got.NameID != mallory:
				t.Errorf("got %q", got.NameID)
			case tt.because != "" && (err == nil || !strings.Contains(err.Error(), tt.because)):
				t.Errorf("got %q, %v, want %q", got.NameID, err, tt.because)
			}
		})
	}
	t.Run("without a key", func(t *testing.T) {
		refused(t, provider(honest), letter{signAssertion: &honest, tamper: sealed(gcm128, &ours.PublicKey, false)}, "no key to open it")
	})
}

// Others encrypt as we decrypt.
func TestEncryptedByAnotherLibrary(t *testing.T) {
	honest, ours := newSigner(t, keys().honest), newSigner(t, rsaKey(t, 2048))
	l := letter{signAssertion: &honest, tamper: signAfter(honest, func(t testing.TB, r *etree.Element) {
		a := r.SelectElement("Assertion")
		e := xmlenc.OAEP()
		e.BlockCipher, e.DigestMethod = xmlenc.AES256CBC, &xmlenc.SHA1
		data, err := e.Encrypt(ours.cert, []byte(text(t, a)), nil)
		if err != nil {
			t.Fatal(err)
		}
		r.RemoveChild(a)
		outer := element(t, `<saml:EncryptedAssertion xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion"/>`)
		outer.AddChild(data)
		r.AddChild(outer)
	})}
	sp := service()
	sp.Decrypt = ours.key.(*rsa.PrivateKey)
	got, err := sp.Verify(provider(honest), request, l.post(t), now)
	if err != nil || got.NameID != mallory {
		t.Errorf("got %q, %v", got.NameID, err)
	}
}
