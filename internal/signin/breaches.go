package signin

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha1" //nolint:gosec // the lists of breached passwords are keyed by SHA-1; nothing is protected by it
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"time"
)

// Breaches knows passwords that were published. A list that cannot be asked
// returns an error; the caller logs it and goes on, since nobody could set a
// password otherwise.
type Breaches interface {
	Contains(ctx context.Context, password string) (bool, error)
}

// passwordDigest is the upper-case hex SHA-1 of a password, by which the lists
// are sorted.
func passwordDigest(password string) string {
	sum := sha1.Sum([]byte(password)) //nolint:gosec // see the import
	return strings.ToUpper(hex.EncodeToString(sum[:]))
}

// BreachRange asks a k-anonymity range service such as Have I Been Pwned's:
// the service learns the first five digits of the password's SHA-1, which
// hundreds of others share.
type BreachRange struct {
	// Base is the URL before the five digits, e.g.
	// https://api.pwnedpasswords.com/range
	Base   string
	Client *http.Client // nil means one of its own
}

const (
	breachTimeout   = 2 * time.Second
	breachPrefix    = 5       // hex digits that the service learns
	maxBreachAnswer = 1 << 20 // bytes
)

// Contains asks for the range and looks the rest up in the answer.
func (b BreachRange) Contains(ctx context.Context, password string) (bool, error) {
	ctx, cancel := context.WithTimeout(ctx, breachTimeout)
	defer cancel()
	digest := passwordDigest(password)
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, strings.TrimRight(b.Base, "/")+"/"+digest[:breachPrefix], nil)
	if err != nil {
		return false, fmt.Errorf("signin: breached passwords: %w", err)
	}
	req.Header.Set("Add-Padding", "true") // so that the length of the answer tells nothing
	req.Header.Set("User-Agent", "guestlist")
	client := b.Client
	if client == nil {
		client = &http.Client{Timeout: breachTimeout}
	}
	res, err := client.Do(req)
	if err != nil {
		return false, fmt.Errorf("signin: breached passwords: %w", withoutURL(err))
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return false, fmt.Errorf("signin: breached passwords: the service answered %d", res.StatusCode)
	}
	lines := bufio.NewScanner(io.LimitReader(res.Body, maxBreachAnswer))
	for lines.Scan() {
		suffix, count, _ := strings.Cut(strings.TrimSpace(lines.Text()), ":")
		if strings.EqualFold(suffix, digest[breachPrefix:]) {
			return strings.TrimSpace(count) != "0", nil // a count of zero is padding
		}
	}
	if err := lines.Err(); err != nil {
		return false, fmt.Errorf("signin: breached passwords: %w", err)
	}
	return false, nil
}

// withoutURL keeps the digits of the password's digest out of logs.
func withoutURL(err error) error {
	var u interface{ Unwrap() error }
	if errors.As(err, &u) && u.Unwrap() != nil {
		return u.Unwrap()
	}
	return err
}

// BreachFile looks passwords up in a file of lines "SHA1" or "SHA1:count",
// upper-case hex, sorted, as Have I Been Pwned's downloader writes it. The file
// may be of any size: it is searched in place.
type BreachFile struct {
	file *os.File
	size int64
}

// OpenBreachFile opens the file and looks at its beginning, so that a wrong
// file is noticed at start.
func OpenBreachFile(path string) (*BreachFile, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("signin: breached passwords: %w", err)
	}
	b := &BreachFile{file: f}
	info, err := f.Stat()
	if err == nil {
		b.size = info.Size()
		_, _, err = b.lineAt(0)
	}
	if err != nil {
		_ = f.Close()
		return nil, fmt.Errorf("signin: breached passwords: %s: %w", path, err)
	}
	return b, nil
}

// Close closes the file.
func (b *BreachFile) Close() error { return b.file.Close() }

const (
	sha1HexLength = 40
	maxBreachLine = 128 // bytes
)

// Contains searches the sorted lines by halves.
func (b *BreachFile) Contains(_ context.Context, password string) (bool, error) {
	want := passwordDigest(password)
	low, high := int64(0), b.size // the first line that begins in [low, high) may be the one
	for low < high {
		middle := low + (high-low)/2
		start, digest, err := b.lineAt(middle)
		switch {
		case errors.Is(err, io.EOF) || err == nil && start >= high:
			high = middle
		case err != nil:
			return false, fmt.Errorf("signin: breached passwords: %w", err)
		case digest == want:
			return true, nil
		case digest < want:
			low = start + sha1HexLength
		default:
			high = middle
		}
	}
	return false, nil
}

var errNoDigest = errors.New("a line does not begin with 40 hex digits of a SHA-1")

// lineAt returns the first line that begins at or after an offset.
func (b *BreachFile) lineAt(offset int64) (start int64, digest string, err error) {
	buf := make([]byte, 2*maxBreachLine)
	from := max(offset-1, 0) // one byte before tells whether a line begins here
	n, err := b.file.ReadAt(buf, from)
	if err != nil && !errors.Is(err, io.EOF) {
		return 0, "", err
	}
	buf = buf[:n]
	if offset > 0 {
		newline := bytes.IndexByte(buf, '\n')
		if newline < 0 || newline+1 >= len(buf) {
			return 0, "", io.EOF
		}
		buf, from = buf[newline+1:], from+int64(newline)+1
	}
	if len(buf) == 0 {
		return 0, "", io.EOF
	}
	if len(buf) < sha1HexLength {
		return 0, "", errNoDigest
	}
	digest = strings.ToUpper(string(buf[:sha1HexLength]))
	if _, err := hex.DecodeString(digest); err != nil {
		return 0, "", errNoDigest
	}
	return from, digest, nil
}
