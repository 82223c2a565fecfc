package saml

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/beevik/etree"
	xrv "github.com/mattermost/xml-roundtrip-validator"
)

// rules are what a document may hold.
type rules struct {
	bytes, elements int
	comments        bool
}

// parse reads XML that a stranger wrote. Go's parser resolves no entities but
// the five that XML has by itself, so nothing can expand or be fetched; a
// document type is refused all the same, as everything that two parsers could
// read differently.
func parse(raw []byte, r rules) (*etree.Element, error) {
	if len(raw) > r.bytes {
		return nil, fmt.Errorf("larger than %d bytes", r.bytes)
	}
	if !utf8.Valid(raw) {
		return nil, errors.New("not UTF-8")
	}
	if err := survey(raw, r); err != nil {
		return nil, err
	}
	if err := xrv.Validate(bytes.NewReader(raw)); err != nil {
		return nil, fmt.Errorf("ambiguous XML: %w", err)
	}
	doc := etree.NewDocument()
	doc.ReadSettings.MaxDepth = maxDepth
	doc.ReadSettings.PreserveDuplicateAttrs = true
	if err := doc.ReadFromBytes(raw); err != nil {
		return nil, fmt.Errorf("XML: %w", err)
	}
	if doc.Root() == nil || len(doc.ChildElements()) != 1 {
		return nil, errors.New("not one XML element")
	}
	return doc.Root(), nil
}

// survey walks over the document once, before anything is built from it.
func survey(raw []byte, r rules) error {
	d := xml.NewDecoder(bytes.NewReader(raw))
	depth, elements, first := 0, 0, true
	for ; ; first = false {
		t, err := d.Token()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("XML: %w", err)
		}
		switch t := t.(type) {
		case xml.Directive:
			return errors.New("a document type is not allowed")
		case xml.ProcInst:
			if t.Target != "xml" || !first {
				return errors.New("processing instructions are not allowed")
			}
		case xml.Comment:
			if !r.comments {
				return errors.New("comments are not allowed")
			}
		case xml.StartElement:
			depth++
			elements++
			if err := surveyElement(t, depth, elements, r); err != nil {
				return err
			}
		case xml.EndElement:
			depth--
		case xml.CharData:
			if depth == 0 && len(bytes.TrimSpace(t)) > 0 {
				return errors.New("text around the element")
			}
		}
	}
}

func surveyElement(t xml.StartElement, depth, elements int, r rules) error {
	switch {
	case depth > maxDepth:
		return fmt.Errorf("more than %d levels of elements", maxDepth)
	case elements > r.elements:
		return fmt.Errorf("more than %d elements", r.elements)
	case len(t.Attr) > maxAttributes:
		return fmt.Errorf("more than %d attributes", maxAttributes)
	}
	for i, a := range t.Attr {
		for _, b := range t.Attr[:i] {
			if a.Name == b.Name {
				return fmt.Errorf("attribute %s twice", a.Name.Local) // not well-formed; Go's parser does not mind
			}
		}
	}
	return nil
}

// is reports whether el has this expanded name.
func is(el *etree.Element, ns, tag string) bool {
	return el.Tag == tag && el.NamespaceURI() == ns
}

// children returns the child elements of a name.
func children(el *etree.Element, ns, tag string) []*etree.Element {
	var found []*etree.Element
	for _, c := range el.ChildElements() {
		if is(c, ns, tag) {
			found = append(found, c)
		}
	}
	return found
}

// child returns the only child element of a name, nil without one.
func child(el *etree.Element, ns, tag string) (*etree.Element, error) {
	found := children(el, ns, tag)
	switch len(found) {
	case 0:
		return nil, nil //nolint:nilnil // absent is not wrong
	case 1:
		return found[0], nil
	}
	return nil, fmt.Errorf("%d elements %s in %s", len(found), tag, el.Tag)
}

// must returns the only child element of a name, and an error without one.
func must(el *etree.Element, ns, tag string) (*etree.Element, error) {
	c, err := child(el, ns, tag)
	if err == nil && c == nil {
		err = fmt.Errorf("no %s in %s", tag, el.Tag)
	}
	return c, err
}

// textOf returns all the text of an element that may hold nothing else, without
// the white space around it. etree's own Text stops at the first comment.
func textOf(el *etree.Element) (string, error) {
	var text strings.Builder
	for _, c := range el.Child {
		data, ok := c.(*etree.CharData)
		if !ok {
			return "", fmt.Errorf("%s holds more than text", el.Tag)
		}
		text.WriteString(data.Data)
	}
	return strings.TrimSpace(text.String()), nil
}

// childText returns the text of the only child of a name, "" without one.
func childText(el *etree.Element, ns, tag string) (string, error) {
	c, err := child(el, ns, tag)
	if c == nil || err != nil {
		return "", err
	}
	return textOf(c)
}

// attr returns the value of an attribute without a namespace. etree's own
// SelectAttr takes one of any namespace.
func attr(el *etree.Element, name string) string {
	for _, a := range el.Attr {
		if a.Space == "" && a.Key == name {
			return a.Value
		}
	}
	return ""
}

// timeAttr reads an attribute of type xs:dateTime, zero if it is absent. SAML
// means UTC where no zone is given (SAML Core §1.3.3).
func timeAttr(el *etree.Element, name string) (time.Time, error) {
	s := attr(el, name)
	if s == "" {
		return time.Time{}, nil
	}
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02T15:04:05.999999999"} {
		if t, err := time.Parse(layout, s); err == nil {
			return t.UTC(), nil
		}
	}
	return time.Time{}, fmt.Errorf("%s of %s is no time", name, el.Tag)
}
