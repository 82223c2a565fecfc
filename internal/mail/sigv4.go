package mail

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

// awsKey signs requests to services of AWS: Signature Version 4, as their
// documentation "Create a signed AWS API request" has it.
type awsKey struct{ ID, Secret, Region, Service string }

const awsAlgorithm = "AWS4-HMAC-SHA256"

// sign adds X-Amz-Date and Authorization to a request with a body. Host,
// Content-Type and the date are signed; the path must need no escaping.
func (k awsKey) sign(r *http.Request, body []byte, at time.Time) {
	at = at.UTC()
	stamp, day := at.Format("20060102T150405Z"), at.Format("20060102")
	r.Header.Set("X-Amz-Date", stamp)
	headers := map[string]string{"host": r.URL.Host, "x-amz-date": stamp}
	if t := r.Header.Get("Content-Type"); t != "" {
		headers["content-type"] = strings.TrimSpace(t)
	}
	names := make([]string, 0, len(headers))
	for name := range headers {
		names = append(names, name)
	}
	slices.Sort(names)
	var canonical strings.Builder
	path := r.URL.EscapedPath()
	if path == "" {
		path = "/"
	}
	canonical.WriteString(r.Method + "\n" + path + "\n" + awsQuery(r.URL.Query()) + "\n")
	for _, name := range names {
		canonical.WriteString(name + ":" + headers[name] + "\n")
	}
	signed := strings.Join(names, ";")
	canonical.WriteString("\n" + signed + "\n" + hexSum(body))

	scope := day + "/" + k.Region + "/" + k.Service + "/aws4_request"
	text := awsAlgorithm + "\n" + stamp + "\n" + scope + "\n" + hexSum([]byte(canonical.String()))
	r.Header.Set("Authorization", awsAlgorithm+" Credential="+k.ID+"/"+scope+", SignedHeaders="+signed+
		", Signature="+hex.EncodeToString(hmac256(k.derive(day), text)))
}

// derive makes the day's key for the service.
func (k awsKey) derive(day string) []byte {
	key := []byte("AWS4" + k.Secret)
	for _, part := range []string{day, k.Region, k.Service, "aws4_request"} {
		key = hmac256(key, part)
	}
	return key
}

// awsQuery writes a query in canonical form: sorted, with blanks as %20.
func awsQuery(q url.Values) string { return strings.ReplaceAll(q.Encode(), "+", "%20") }

func hmac256(key []byte, text string) []byte {
	h := hmac.New(sha256.New, key)
	h.Write([]byte(text))
	return h.Sum(nil)
}

func hexSum(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}
