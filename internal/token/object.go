package token

import (
	"encoding/json"
	"strconv"
)

// object writes a JSON object member by member, in the order of the contract.
// Payloads are built by hand because a token endpoint does little else.
type object struct {
	buf []byte
	err error
}

// add writes a member.
func (o *object) add(name string, value any) {
	switch v := value.(type) {
	case string:
		o.addString(name, v)
		return
	case int64:
		o.member(name)
		o.buf = strconv.AppendInt(o.buf, v, 10)
		return
	}
	text, err := json.Marshal(value)
	if err != nil && o.err == nil {
		o.err = err
	}
	o.member(name)
	o.buf = append(o.buf, text...)
}

// addText writes a member unless it is empty.
func (o *object) addText(name, value string) {
	if value != "" {
		o.addString(name, value)
	}
}

func (o *object) addString(name, value string) {
	o.member(name)
	o.buf = appendJSONString(o.buf, value)
}

// member writes a name, which needs no escaping.
func (o *object) member(name string) {
	if len(o.buf) == 0 {
		o.buf = append(make([]byte, 0, 512), '{')
	} else {
		o.buf = append(o.buf, ',')
	}
	o.buf = append(o.buf, '"')
	o.buf = append(o.buf, name...)
	o.buf = append(o.buf, '"', ':')
}

// end closes the object.
func (o *object) end() ([]byte, error) {
	if len(o.buf) == 0 {
		o.buf = append(o.buf, '{')
	}
	return append(o.buf, '}'), o.err
}

// appendJSONString appends s as a JSON string.
func appendJSONString(b []byte, s string) []byte {
	for i := 0; i < len(s); i++ {
		if c := s[i]; c < ' ' || c >= 0x7f || c == '"' || c == '\\' {
			text, _ := json.Marshal(s) // a string always marshals
			return append(b, text...)
		}
	}
	b = append(b, '"')
	b = append(b, s...)
	return append(b, '"')
}
