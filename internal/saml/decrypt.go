package saml

import (
	"crypto"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rsa"
	_ "crypto/sha1"   //nolint:gosec // RSA-OAEP needs no hash without collisions, and rsa-oaep-mgf1p names this one
	_ "crypto/sha512" // for RSA-OAEP
	"encoding/base64"
	"errors"
	"fmt"
	"strings"

	"github.com/beevik/etree"
)

// The algorithms that an encrypted assertion may use (XML Encryption 1.1 §5).
// PKCS #1 v1.5 is not among them: it has been taken apart too often.
const (
	encOAEP       = "http://www.w3.org/2001/04/xmlenc#rsa-oaep-mgf1p"
	encOAEP11     = "http://www.w3.org/2009/xmlenc11#rsa-oaep"
	nsEncrypted11 = "http://www.w3.org/2009/xmlenc11#"
)

// contentKeys are the lengths of keys, in bytes, by algorithm.
var contentKeys = map[string]int{
	"http://www.w3.org/2009/xmlenc11#aes128-gcm":  16,
	"http://www.w3.org/2009/xmlenc11#aes256-gcm":  32,
	"http://www.w3.org/2001/04/xmlenc#aes128-cbc": 16,
	"http://www.w3.org/2001/04/xmlenc#aes256-cbc": 32,
}

// errDecrypt is the same for everything that can go wrong with a cipher text:
// the difference would be an oracle.
var errDecrypt = errors.New("the encrypted assertion cannot be opened")

// sealedAssertion opens an EncryptedAssertion and returns the assertion in it
// if the response around it was signed, or it is signed itself. CBC is opened
// only below a valid signature: without one, anybody could ask about padding.
func (v verification) sealedAssertion(el, signed *etree.Element) (*etree.Element, error) {
	if v.sp.Decrypt == nil {
		return nil, errors.New("the assertion is encrypted, and there is no key to open it")
	}
	if signed != nil {
		var err error
		if el, err = must(signed, nsAssertion, "EncryptedAssertion"); err != nil {
			return nil, err
		}
	}
	plain, err := open(el, v.sp.Decrypt, signed != nil)
	if err != nil {
		return nil, err
	}
	inner, err := parse(plain, responseRules)
	if err != nil {
		return nil, errDecrypt
	}
	if err := checkPlaces(inner, inner); err != nil {
		return nil, err
	}
	own, err := verified(inner, v.idp.Certificates, v.now)
	switch {
	case err != nil:
		return nil, err
	case own != nil:
		return own, nil
	case signed == nil:
		return nil, errors.New("nothing is signed")
	}
	return inner, nil
}

// open decrypts the EncryptedData of el. The key stands in it or beside it.
func open(el *etree.Element, private *rsa.PrivateKey, authentic bool) ([]byte, error) {
	data, err := must(el, nsEncrypted, "EncryptedData")
	if err != nil {
		return nil, err
	}
	keys := children(el, nsEncrypted, "EncryptedKey")
	for _, info := range children(data, nsSignature, "KeyInfo") {
		keys = append(keys, children(info, nsEncrypted, "EncryptedKey")...)
	}
	if len(keys) != 1 {
		return nil, fmt.Errorf("%d encrypted keys", len(keys))
	}
	method := encryptionMethod(data)
	size, known := contentKeys[method]
	isGCM := strings.HasSuffix(method, "-gcm")
	if !known || !isGCM && !authentic {
		return nil, fmt.Errorf("the assertion is encrypted by %q, which is not allowed here", clip(method))
	}
	wrapped, err := cipherValue(keys[0])
	if err != nil {
		return nil, err
	}
	sealed, err := cipherValue(data)
	if err != nil {
		return nil, err
	}
	oaep, err := oaepOptions(keys[0])
	if err != nil {
		return nil, err
	}
	key, err := private.Decrypt(nil, wrapped, oaep)
	if err != nil || len(key) != size {
		return nil, errDecrypt
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, errDecrypt
	}
	if isGCM {
		return openGCM(block, sealed)
	}
	return openCBC(block, sealed)
}

func openGCM(block cipher.Block, sealed []byte) ([]byte, error) {
	gcm, err := cipher.NewGCM(block)
	if err != nil || len(sealed) < gcm.NonceSize() {
		return nil, errDecrypt
	}
	plain, err := gcm.Open(nil, sealed[:gcm.NonceSize()], sealed[gcm.NonceSize():], nil)
	if err != nil {
		return nil, errDecrypt
	}
	return plain, nil
}

func openCBC(block cipher.Block, sealed []byte) ([]byte, error) {
	size := block.BlockSize()
	if len(sealed) < 2*size || len(sealed)%size != 0 {
		return nil, errDecrypt
	}
	plain := make([]byte, len(sealed)-size)
	cipher.NewCBCDecrypter(block, sealed[:size]).CryptBlocks(plain, sealed[size:])
	pad := int(plain[len(plain)-1]) // XML Encryption §5.2: the last octet counts, the others are arbitrary
	if pad < 1 || pad > size {
		return nil, errDecrypt
	}
	return plain[:len(plain)-pad], nil
}

func encryptionMethod(el *etree.Element) string {
	if m, err := must(el, nsEncrypted, "EncryptionMethod"); err == nil {
		return attr(m, "Algorithm")
	}
	return ""
}

// oaepHashes are the hashes that RSA-OAEP may use, for its label and its mask.
var oaepHashes = map[string]crypto.Hash{
	"":                                       crypto.SHA1, // the default of both
	"http://www.w3.org/2000/09/xmldsig#sha1": crypto.SHA1,
	"http://www.w3.org/2001/04/xmlenc#sha256":    crypto.SHA256,
	"http://www.w3.org/2001/04/xmlenc#sha512":    crypto.SHA512,
	"http://www.w3.org/2009/xmlenc11#mgf1sha1":   crypto.SHA1,
	"http://www.w3.org/2009/xmlenc11#mgf1sha256": crypto.SHA256,
	"http://www.w3.org/2009/xmlenc11#mgf1sha512": crypto.SHA512,
}

// oaepOptions reads how a key was wrapped (XML Encryption 1.1 §5.5.2). The older
// algorithm has SHA-1 in its mask, whatever its digest is.
func oaepOptions(key *etree.Element) (*rsa.OAEPOptions, error) {
	method, err := must(key, nsEncrypted, "EncryptionMethod")
	if err != nil {
		return nil, err
	}
	algorithm := attr(method, "Algorithm")
	if algorithm != encOAEP && algorithm != encOAEP11 {
		return nil, fmt.Errorf("the key is encrypted by %q, which is not allowed here", clip(algorithm))
	}
	digest, mask := "", ""
	if el, err := child(method, nsSignature, "DigestMethod"); err != nil {
		return nil, err
	} else if el != nil {
		digest = attr(el, "Algorithm")
	}
	if el, err := child(method, nsEncrypted11, "MGF"); err != nil {
		return nil, err
	} else if el != nil && algorithm == encOAEP11 {
		mask = attr(el, "Algorithm")
	}
	label, known := oaepHashes[digest]
	mgf, alsoKnown := oaepHashes[mask]
	if !known || !alsoKnown {
		return nil, fmt.Errorf("the key is encrypted with %q and %q", clip(digest), clip(mask))
	}
	return &rsa.OAEPOptions{Hash: label, MGFHash: mgf}, nil
}

func cipherValue(el *etree.Element) ([]byte, error) {
	data, err := must(el, nsEncrypted, "CipherData")
	if err != nil {
		return nil, err
	}
	text, err := childText(data, nsEncrypted, "CipherValue")
	if err != nil {
		return nil, err
	}
	b, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(text), ""))
	if err != nil {
		return nil, fmt.Errorf("cipher value: %w", err)
	}
	return b, nil
}
