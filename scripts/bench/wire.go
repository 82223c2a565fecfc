package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
)

// wire is one keep-alive connection that speaks as much HTTP/1.1 (RFC 9112) as
// the server's answers need. The generator shares the cores with what it
// measures, so it must cost little: net/http's client costs more than the
// server does.
type wire struct {
	conn net.Conn
	r    *bufio.Reader
	body bytes.Buffer
}

// readBuffer holds the head of every answer and most bodies.
const readBuffer = 32 << 10

func dial(address string) (*wire, error) {
	conn, err := net.Dial("tcp", address) //nolint:noctx // the benchmark ends as a whole
	if err != nil {
		return nil, err
	}
	return &wire{conn: conn, r: bufio.NewReaderSize(conn, readBuffer)}, nil
}

// answer is what of a response is looked at. Body is good until the next call.
type answer struct {
	status   int
	location string
	cookies  []string // name=value
	body     []byte
	bytes    int // of the body, as transferred
}

// request builds the bytes of a request. Headers are "Name: value".
func request(method, path string, body string, headers ...string) []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "%s %s HTTP/1.1\r\nHost: localhost\r\n", method, path)
	for _, h := range headers {
		if h != "" {
			b.WriteString(h + "\r\n")
		}
	}
	if method != "GET" {
		fmt.Fprintf(&b, "Content-Length: %d\r\n", len(body))
	}
	b.WriteString("\r\n" + body)
	return b.Bytes()
}

const (
	formType = "Content-Type: application/x-www-form-urlencoded"
	jsonType = "Content-Type: application/json"
)

// do sends a request and reads the whole answer.
func (w *wire) do(req []byte) (answer, error) {
	if _, err := w.conn.Write(req); err != nil {
		return answer{}, err
	}
	var a answer
	length, chunked, err := w.head(&a)
	if err != nil {
		return a, err
	}
	w.body.Reset()
	switch {
	case chunked:
		err = w.chunks()
	case length > 0:
		_, err = io.CopyN(&w.body, w.r, length)
	}
	a.body, a.bytes = w.body.Bytes(), w.body.Len()
	return a, err
}

// close hangs up. Every answer that counts was read before.
func (w *wire) close() { _ = w.conn.Close() }

// accepted is do for a request whose right answers are those of success.
func (w *wire) accepted(req []byte) (answer, error) {
	a, err := w.do(req)
	if err == nil && a.status/100 != 2 {
		line, _, _ := bytes.Cut(req, []byte("\r\n"))
		err = fmt.Errorf("%s answered %d: %.300s", line, a.status, a.body)
	}
	return a, err
}

// succeed is do for a request whose only right answer is 200.
func (w *wire) succeed(req []byte) (answer, error) {
	a, err := w.do(req)
	if err == nil && a.status != http.StatusOK {
		line, _, _ := bytes.Cut(req, []byte("\r\n"))
		err = fmt.Errorf("%s answered %d: %.300s", line, a.status, a.body)
	}
	return a, err
}

func (w *wire) head(a *answer) (length int64, chunked bool, err error) {
	line, err := w.line()
	if err != nil {
		return 0, false, err
	}
	if len(line) < len("HTTP/1.1 200") {
		return 0, false, errors.New("no HTTP/1.1 status line")
	}
	if a.status, err = strconv.Atoi(string(line[9:12])); err != nil {
		return 0, false, err
	}
	for {
		line, err := w.line()
		if err != nil || len(line) == 0 {
			return length, chunked, err
		}
		name, value, _ := bytes.Cut(line, []byte(": "))
		switch string(name) { // as net/http writes them
		case "Content-Length":
			if length, err = strconv.ParseInt(string(value), 10, 64); err != nil {
				return 0, false, err
			}
		case "Transfer-Encoding":
			chunked = true
		case "Location":
			a.location = string(value)
		case "Set-Cookie":
			cookie, _, _ := strings.Cut(string(value), ";")
			a.cookies = append(a.cookies, cookie)
		}
	}
}

func (w *wire) chunks() error {
	for {
		line, err := w.line()
		if err != nil {
			return err
		}
		n, err := strconv.ParseInt(string(line), 16, 64)
		if err != nil {
			return err
		}
		if n > 0 {
			if _, err := io.CopyN(&w.body, w.r, n); err != nil {
				return err
			}
		}
		if _, err := w.line(); err != nil || n == 0 {
			return err
		}
	}
}

// line reads up to the next line break, which it leaves out.
func (w *wire) line() ([]byte, error) {
	line, err := w.r.ReadSlice('\n')
	return bytes.TrimRight(line, "\r\n"), err
}

// jar keeps cookies by name, whatever their path: all visits are of one site.
type jar map[string]string

func (j jar) keep(cookies []string) {
	for _, c := range cookies {
		if name, value, _ := strings.Cut(c, "="); value == "" {
			delete(j, name)
		} else {
			j[name] = value
		}
	}
}

func (j jar) header() string {
	var pairs []string
	for name, value := range j {
		pairs = append(pairs, name+"="+value)
	}
	if len(pairs) == 0 {
		return ""
	}
	return "Cookie: " + strings.Join(pairs, "; ")
}

// local returns path and query of an address.
func local(address string) (string, error) {
	u, err := url.Parse(address)
	if err != nil {
		return "", err
	}
	return u.RequestURI(), nil
}
