package saml

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"strings"
	"time"
)

const (
	minRSABits   = 2048
	minECDSABits = 256
	maxRSABits   = 8192 // a longer one costs a second per message
)

// ParseCertificate reads a certificate as PEM, or as base64 alone, which is how
// metadata have it. It refuses keys that nobody should trust any more. Errors
// are *CertificateError.
func ParseCertificate(text string) (*x509.Certificate, error) {
	if len(text) > maxCertificate {
		return nil, &CertificateError{Reason: "too long"}
	}
	der, err := certificateBytes(strings.TrimSpace(text))
	if err != nil {
		return nil, &CertificateError{Reason: err.Error()}
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, &CertificateError{Reason: err.Error()}
	}
	if err := strong(cert.PublicKey); err != nil {
		return nil, &CertificateError{Reason: err.Error()}
	}
	return cert, nil
}

func certificateBytes(text string) ([]byte, error) {
	if strings.HasPrefix(text, "-----") {
		block, _ := pem.Decode([]byte(text))
		if block == nil || block.Type != "CERTIFICATE" {
			return nil, errors.New("not a certificate in PEM")
		}
		return block.Bytes, nil
	}
	der, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(text), ""))
	if err != nil {
		return nil, fmt.Errorf("neither PEM nor base64: %w", err)
	}
	return der, nil
}

func strong(public crypto.PublicKey) error {
	switch key := public.(type) {
	case *rsa.PublicKey:
		if bits := key.N.BitLen(); bits < minRSABits || bits > maxRSABits {
			return fmt.Errorf("an RSA key of %d bits, want %d to %d", bits, minRSABits, maxRSABits)
		}
	case *ecdsa.PublicKey:
		if bits := key.Curve.Params().BitSize; bits < minECDSABits {
			return fmt.Errorf("an ECDSA key of %d bits, want %d or more", bits, minECDSABits)
		}
	default:
		return errors.New("neither an RSA nor an ECDSA key")
	}
	return nil
}

// PEM writes a certificate the way that people paste it.
func PEM(cert *x509.Certificate) string {
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert.Raw}))
}

// The validity of the certificates of our own keys. They are a way to write a
// public key, which the provider believes because it is in our metadata; the end
// is the one that stands for none (RFC 5280 §4.1.2.5).
var (
	certificateFrom = time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC)
	certificateTo   = time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC)
)

// NewKey makes an RSA key to sign requests with and a certificate for it; both
// as PEM.
func NewKey(name string) (privateKey, certificate string, err error) {
	key, err := rsa.GenerateKey(rand.Reader, minRSABits)
	if err != nil {
		return "", "", fmt.Errorf("make a key: %w", err)
	}
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 127))
	if err != nil {
		return "", "", fmt.Errorf("make a serial number: %w", err)
	}
	template := &x509.Certificate{
		SerialNumber: serial,
		Subject:      pkix.Name{CommonName: name},
		NotBefore:    certificateFrom,
		NotAfter:     certificateTo,
		KeyUsage:     x509.KeyUsageDigitalSignature,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return "", "", fmt.Errorf("make a certificate: %w", err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return "", "", fmt.Errorf("write a key: %w", err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private})),
		string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})), nil
}

// ParseKey reads a private key in PEM: PKCS #8, PKCS #1 or SEC 1, without a
// password.
func ParseKey(text string) (crypto.Signer, error) {
	if len(text) > maxCertificate {
		return nil, errors.New("key: too long")
	}
	block, _ := pem.Decode([]byte(strings.TrimSpace(text)))
	if block == nil {
		return nil, errors.New("key: not PEM")
	}
	if strings.Contains(block.Type, "ENCRYPTED") || block.Headers["DEK-Info"] != "" {
		return nil, errors.New("key: it is locked with a password")
	}
	signer, err := parsePrivate(block.Bytes)
	if err != nil {
		return nil, err
	}
	if err := strong(signer.Public()); err != nil {
		return nil, fmt.Errorf("key: %w", err)
	}
	return signer, nil
}

func parsePrivate(der []byte) (crypto.Signer, error) {
	if key, err := x509.ParsePKCS1PrivateKey(der); err == nil {
		return key, nil
	}
	if key, err := x509.ParseECPrivateKey(der); err == nil {
		return key, nil
	}
	key, err := x509.ParsePKCS8PrivateKey(der)
	if err != nil {
		return nil, errors.New("key: not a private key") // the cause may quote it
	}
	signer, ok := key.(crypto.Signer)
	if !ok {
		return nil, errors.New("key: cannot sign")
	}
	return signer, nil
}
