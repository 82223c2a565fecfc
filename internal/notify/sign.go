package notify

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"net/http"
	"strconv"

	"guestlist"
)

// sign adds the headers by which a receiver knows that a body is ours.
//
// logto-signature-sha-256 is Logto's: the HMAC-SHA256 of the body in hex. The
// webhook-* ones are Standard Webhooks' (specification 1.0, "Signature
// scheme"), which cover id and time too, so that a receiver can refuse
// repetitions and old requests. Both use the bytes of the signing key as they
// are; where a library wants a secret of the form whsec_..., it is "whsec_"
// and the key in base64.
func sign(header http.Header, key, id string, at guestlist.Time, body []byte) {
	stamp := strconv.FormatInt(at.Unix(), 10)
	header.Set("Webhook-Id", id)
	header.Set("Webhook-Timestamp", stamp)
	if key == "" {
		return
	}
	header.Set("Logto-Signature-Sha-256", hex.EncodeToString(mac(key, body)))
	header.Set("Webhook-Signature", "v1,"+base64.StdEncoding.EncodeToString(mac(key, []byte(id+"."+stamp+"."), body)))
}

func mac(key string, parts ...[]byte) []byte {
	h := hmac.New(sha256.New, []byte(key))
	for _, part := range parts {
		_, _ = h.Write(part) // a hash never fails
	}
	return h.Sum(nil)
}
