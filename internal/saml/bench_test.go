package saml_test

import "testing"

func BenchmarkVerify(b *testing.B) {
	honest := newSigner(b, keys().honest)
	l := letter{signAssertion: &honest, signResponse: &honest}
	field, idp, sp := l.post(b), provider(honest), service()
	b.ReportAllocs()
	for b.Loop() {
		if _, err := sp.Verify(idp, request, field, now); err != nil {
			b.Fatal(err)
		}
	}
}
