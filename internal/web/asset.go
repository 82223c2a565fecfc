package web

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"strconv"
	"strings"
)

// Asset is a document that is the same for everybody: a style sheet, the
// discovery document, the key set. It is hashed and compressed once.
type Asset struct {
	contentType, cache, etag, vary []string
	plain, zipped                  []byte
	plainLen, zippedLen            []string
}

// NewAsset prepares a document. cacheControl is its Cache-Control, e.g.
// "public, max-age=300"; "" leaves the header away.
func NewAsset(contentType, cacheControl string, body []byte) *Asset {
	a := &Asset{
		contentType: []string{contentType}, etag: []string{ETag(body)}, vary: []string{"Accept-Encoding"},
		plain: body, plainLen: []string{strconv.Itoa(len(body))},
	}
	if cacheControl != "" {
		a.cache = []string{cacheControl}
	}
	if len(body) >= minGzip {
		var b bytes.Buffer
		z := gzip.NewWriter(&b)
		_, _ = z.Write(body) // a bytes.Buffer never fails
		_ = z.Close()
		if b.Len() < len(body) {
			a.zipped, a.zippedLen = b.Bytes(), []string{strconv.Itoa(b.Len())}
		}
	}
	return a
}

// ServeHTTP answers GET and HEAD, with 304 where the caller has the document.
func (a *Asset) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	if a.cache != nil {
		h["Cache-Control"] = a.cache
	}
	h["Etag"] = a.etag
	body, length := a.plain, a.plainLen
	if a.zipped != nil {
		if len(h["Vary"]) == 0 {
			h["Vary"] = a.vary
		} else {
			AddVary(h, "Accept-Encoding")
		}
		if acceptsGzip(r) {
			body, length = a.zipped, a.zippedLen
			h["Content-Encoding"] = []string{"gzip"}
		}
	}
	if ifNoneMatch(r, a.etag[0]) {
		delete(h, "Content-Encoding")
		w.WriteHeader(http.StatusNotModified)
		return
	}
	h["Content-Type"] = a.contentType
	h["Content-Length"] = length
	w.WriteHeader(http.StatusOK)
	if r.Method != http.MethodHead {
		_, _ = w.Write(body) // the only failure is a closed connection
	}
}

// ETag returns the weak entity tag of a body (RFC 9110 §8.8.3); weak because
// it is the same for the compressed form.
func ETag(body []byte) string {
	sum := sha256.Sum256(body)
	return `W/"` + base64.RawURLEncoding.EncodeToString(sum[:12]) + `"`
}

// WriteTagged answers a GET with body and its ETag, or 304 without the body if
// the caller has it. Other methods get no tag.
func WriteTagged(w http.ResponseWriter, r *http.Request, contentType string, body []byte) {
	h := w.Header()
	if r.Method == http.MethodGet || r.Method == http.MethodHead {
		tag := ETag(body)
		h["Etag"] = []string{tag}
		if ifNoneMatch(r, tag) {
			w.WriteHeader(http.StatusNotModified)
			return
		}
	}
	h.Set("Content-Type", contentType)
	w.WriteHeader(http.StatusOK)
	_, _ = w.Write(body) // the only failure is a closed connection
}

// ifNoneMatch compares weakly (RFC 9110 §13.1.2).
func ifNoneMatch(r *http.Request, tag string) bool {
	v := r.Header.Get("If-None-Match")
	if v == "" || len(v) > maxNegotiation {
		return false
	}
	want := strings.TrimPrefix(tag, "W/")
	for part := range strings.SplitSeq(v, ",") {
		part = strings.TrimSpace(part)
		if part == "*" || strings.TrimPrefix(part, "W/") == want {
			return true
		}
	}
	return false
}
