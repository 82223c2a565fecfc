package experience

import (
	"maps"
	"slices"
	"strings"

	"guestlist"
)

// shape is what a JSON value looks like, for the document: one of the types
// below.
type shape interface {
	// schema writes it as JSON Schema 2020-12, the dialect of OpenAPI 3.1.
	schema() map[string]any
}

type (
	// object has its members by name; a question mark at the end says that the
	// member may be absent.
	object map[string]shape
	list   struct{ of shape }
	// oneOf is a value of one of several shapes.
	oneOf []shape
	// str is a string of least to most characters; most 0 means that nothing
	// but the size of the body bounds it.
	str struct {
		least, most int
		format      string // of JSON Schema
	}
	enum    []string
	file    struct{}
	boolean struct{}
	// nullable is a value or null.
	nullable struct{ shape }
	// anything is an object with members that depend.
	anything struct{ of shape }
)

func (o object) schema() map[string]any {
	properties, required := map[string]any{}, []string{}
	for _, name := range slices.Sorted(maps.Keys(o)) {
		plain, optional := strings.CutSuffix(name, "?")
		properties[plain] = o[name].schema()
		if !optional {
			required = append(required, plain)
		}
	}
	m := map[string]any{"type": "object", "properties": properties}
	if len(required) > 0 {
		m["required"] = required
	}
	return m
}

func (l list) schema() map[string]any {
	return map[string]any{"type": "array", "items": l.of.schema()}
}

func (o oneOf) schema() map[string]any {
	var all []any
	for _, s := range o {
		all = append(all, s.schema())
	}
	return map[string]any{"oneOf": all}
}

func (t str) schema() map[string]any {
	m := map[string]any{"type": "string"}
	if t.least > 0 {
		m["minLength"] = t.least
	}
	if t.most > 0 {
		m["maxLength"] = t.most
	}
	if t.format != "" {
		m["format"] = t.format
	}
	return m
}

func (e enum) schema() map[string]any {
	return map[string]any{"type": "string", "enum": []string(e)}
}

// A file of a form is a text whose media type is said (OpenAPI 3.1 §4.8.14.3).
func (file) schema() map[string]any {
	return map[string]any{"type": "string", "contentMediaType": "application/octet-stream"}
}

func (boolean) schema() map[string]any { return map[string]any{"type": "boolean"} }

func (n nullable) schema() map[string]any {
	m := n.shape.schema()
	m["type"] = []any{m["type"], "null"}
	return m
}

func (a anything) schema() map[string]any {
	m := map[string]any{"type": "object"}
	if a.of != nil {
		m["additionalProperties"] = a.of.schema()
	}
	return m
}

// The shapes that several routes have.
var (
	anID    = str{least: 1, most: maxID}
	anEmail = str{least: 1, most: guestlist.MaxEmailLength, format: "email"}
	aURL    = str{format: "uri"}
	anEvent = enum{string(guestlist.EventSignIn), string(guestlist.EventRegister), string(guestlist.EventForgotPassword)}
	// anAddress is what a code can be sent to.
	anAddress = object{
		"type":  enum{string(guestlist.IdentifierEmail), string(guestlist.IdentifierPhone)},
		"value": str{least: 1, most: guestlist.MaxEmailLength},
	}
	aVerification = object{"verificationId": str{}}

	// anOutsider is somebody as an outside provider describes them.
	anOutsider = object{"id": str{}, "email?": str{}, "phone?": str{}, "name?": str{}, "avatar?": str{}, "rawData?": anything{}}

	anInteraction = object{
		"interactionEvent": anEvent, "userId?": str{}, "profile": anything{},
		"verificationRecords": list{object{
			"id": str{}, "type": str{}, "verified?": boolean{}, "identifier?": object{"type": str{}, "value": str{}},
			"templateType?": str{}, "oneTimeTokenContext?": anything{}, "connectorId?": str{}, "issuer?": str{},
			"socialUserInfo?": anOutsider, "enterpriseSsoUserInfo?": anOutsider,
		}},
		"mfa": anything{}, "captcha": object{"verified": boolean{}, "skipped": boolean{}},
		"signInContext?": anything{of: str{}},
	}

	aConsent = object{
		"application": object{
			"id": str{}, "name": str{}, "branding?": anything{}, "displayName?": str{}, "privacyPolicyUrl?": aURL, "termsOfUseUrl?": aURL,
		},
		"user": object{
			"id": str{}, "name": nullable{str{}}, "avatar": nullable{str{}}, "username": nullable{str{}},
			"primaryEmail": nullable{str{}}, "primaryPhone": nullable{str{}},
		},
		"organizations": list{anything{}}, "missingOIDCScope?": list{str{}},
		"missingResourceScopes": list{object{
			"resource": object{"id": str{}, "name": str{}, "indicator": str{}},
			"scopes":   list{object{"id": str{}, "name": str{}, "description": nullable{str{}}}},
		}},
		"redirectUri": aURL,
	}
)
