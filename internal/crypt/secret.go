package crypt

import (
	"fmt"
	"log/slog"
)

// Secret is text that must not be printed: a client secret, a connector's
// password. fmt and slog show "[redacted]" in its place. JSON does not
// redact, because that would destroy the stored configuration that holds it;
// keep secrets out of types that go to the wire. fmt cannot call methods of
// unexported struct fields, and %p goes past all methods: print neither.
type Secret string

// Reveal returns the text itself.
func (s Secret) Reveal() string { return string(s) }

// String redacts the secret.
func (s Secret) String() string { return redacted }

// GoString redacts the secret.
func (s Secret) GoString() string { return redacted }

// Format redacts the secret under every verb of package fmt; without it %d
// would print the text in its complaint.
func (s Secret) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(redacted)) }

// LogValue redacts the secret in logs.
func (s Secret) LogValue() slog.Value { return slog.StringValue(redacted) }
