package crypt

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"guestlist"
)

// somesalt in unpadded base64, and "correct horse" hashed by Python's hashlib.
const (
	salt8      = "c29tZXNhbHQ"
	md5Horse   = "3cb4e732631f47e6eb961f34554b7cde"
	sha1Horse  = "2f9e53523b62abc141a2b4d6019d23cba835dbd0"
	sha2Horse  = "4104d36f8da2c254349f85836793ebe029e0c957063a34c91c2e9203187b5631"
	legacySHA2 = `["sha256",["pre","@","post"],"63f77322ce8417b649a6a4d266b5a8545710924bf9906ccc4ea232d1d39e4a1f"]`
	bcryptUU   = "$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW"
)

// knownDigests come from other implementations: the Argon2 ones from the test
// vectors of the reference implementation, the bcrypt ones from Openwall's,
// the others from Python's hashlib.
var knownDigests = []struct{ name, algorithm, digest, password string }{
	{"argon2i", Argon2i, phc("argon2i", "m=64,t=1,p=1", "b9c401d1844a67d50eae3967dc28870b22e508092e861a37"), "password"},
	{"argon2d", Argon2d, phc("argon2d", "m=64,t=1,p=1", "8727405fd07c32c78d64f547f24150d3f2e703a89f981a19"), "password"},
	{"argon2id", Argon2id, phc("argon2id", "m=64,t=1,p=1", "655ad15eac652dc59f7170a7332bf49b8469be1fdb9c28bb"), "password"},
	{"argon2i two lanes", Argon2i, phc("argon2i", "m=64,t=2,p=2", "2089f3e78a799720f80af806553128f29b132cafe40d059f"), "password"},
	{"argon2d two lanes", Argon2d, phc("argon2d", "m=64,t=2,p=2", "68e2462c98b8bc6bb60ec68db418ae2c9ed24fc6748a40e9"), "password"},
	{"parameters in another order", Argon2d, phc("argon2d", "t=2,p=1,m=64", "3be9ec79a69b75d3752acb59a1fbb8b295a46529c48fbb75"), "password"},
	{"declared as another", Argon2i, phc("argon2id", "m=64,t=2,p=1", "068d62b26455936aa6ebe60060b0a65870dbfa3ddf8d41f7"), "password"},
	{"bcrypt 2a", Bcrypt, bcryptUU, "U*U"},
	{"bcrypt 2b", Bcrypt, "$2b" + bcryptUU[3:], "U*U"},
	{"bcrypt 2y", Bcrypt, "$2y" + bcryptUU[3:], "U*U"},
	{"bcrypt empty", Bcrypt, "$2a$05$CCCCCCCCCCCCCCCCCCCCC.7uG0VCzI2bS7j6ymqJi9CdcdxiRTWNy", ""},
	{"bcrypt beyond 72", Bcrypt, "$2a$05$abcdefghijklmnopqrstuu5s2v8.iXieOjg/.AySBTTZIIVFJeBui",
		"0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789chars after 72 are ignored"},
	{"md5", MD5, md5Horse, "correct horse"},
	{"sha1", SHA1, sha1Horse, "correct horse"},
	{"sha256", SHA256, sha2Horse, "correct horse"},
	{"sha256 in upper case", SHA256, strings.ToUpper(sha2Horse), "correct horse"},
	{"legacy md5", Legacy, `["md5",["pre","@","post"],"5b9998a9a3ec0e8f5a2f17c767bab336"]`, "correct horse"},
	{"legacy sha1", Legacy, `["sha1",["pre","@","post"],"5bc1053b115f1a339e0a1e014cb548fb5c9437f4"]`, "correct horse"},
	{"legacy sha224", Legacy, `["sha224",["pre","@","post"],"cd10e4d89b4506aac1f3a7267c4c2c7f8f8fa86dd8ac7b7542033bd6"]`, "correct horse"},
	{"legacy sha256", Legacy, legacySHA2, "correct horse"},
	{"legacy name in capitals", Legacy, strings.Replace(legacySHA2, "sha256", "SHA256", 1), "correct horse"},
	{"legacy sha384", Legacy, `["sha384",["pre","@","post"],"72c3b5c07a332f877051a8e8a6fa485e0b63b70d4572fcec1a8263b62d1376873196191995dba2dbe00fe9e52429828f"]`, "correct horse"},
	{"legacy sha512", Legacy, `["sha512",["pre","@","post"],"c5d9abd557a4e58483d0ec0ad2861a73118e468895a67d771b9f5fde6dc6a8f2f498fa5b0b4fec7cbc682fdea0a1f6f98776fab86b7d1cce02bfb4075348c15e"]`, "correct horse"},
	{"legacy sha512-224", Legacy, `["sha512-224",["pre","@","post"],"211ab26c51b284b5b5f68b9635d30edab945338fe73d9a2934133a75"]`, "correct horse"},
	{"legacy sha512-256", Legacy, `["sha512-256",["pre","@","post"],"09f5a0d110d482f2c712e463b8e09ed09aeb59244e08e3fe019006bd6f67aca2"]`, "correct horse"},
	{"legacy sha3-224", Legacy, `["sha3-224",["pre","@","post"],"0bfe84a793d3c5fe833aa8b6407a8caaef34212af7a3277901218d37"]`, "correct horse"},
	{"legacy sha3-256", Legacy, `["sha3-256",["pre","@","post"],"ed0fabb2142a1743cc39b4af9f53c50832e19c1ba7183a39c7c3423b0821bb96"]`, "correct horse"},
	{"legacy sha3-384", Legacy, `["sha3-384",["pre","@","post"],"164305bd472771983ac4e7d047371dac32165b4259d456a2df0da96530c0f5b281c7e2ed0332b82ee03829cf2eef413e"]`, "correct horse"},
	{"legacy sha3-512", Legacy, `["sha3-512",["pre","@","post"],"44bf11a8f42cfc779bc019bf1a4b06697292cc5b2c4d206646f32dea84315d43e5fcc330291b32f257217b6241d09d0d565a664e1e6d06030a311c7144852ea0"]`, "correct horse"},
	{"legacy pbkdf2 sha1", Legacy, `["pbkdf2",["c2FsdA==","1000","20","sha1","@"],"e0eb494eff10300106dbe7435c3d677e08e3176f"]`, "correct horse"},
	{"legacy pbkdf2 sha256", Legacy, `["pbkdf2",["c2FsdA==","1000","32","sha256","@"],"cc7494014dad88141421c9bfb69c1cb88dfa2bf2dfea9d04cb09fa5cebeeed60"]`, "correct horse"},
	{"legacy pbkdf2 two blocks", Legacy, `["pbkdf2",["c2FsdA==","1000","48","sha256","@"],"cc7494014dad88141421c9bfb69c1cb88dfa2bf2dfea9d04cb09fa5cebeeed60d2b1175863df3e559cd498c8a8eb3e85"]`, "correct horse"},
	{"legacy pbkdf2 sha512", Legacy, `["pbkdf2",["c2FsdA==","1000","64","sha512","@"],"ff51efe25002c4acf58d8c48f3343f2accf9f4ce5af8f039f98f4e247176aa2a068acc3d10de81539842b923011f0c848a15e482a3ade8bc6c6c714f9d641384"]`, "correct horse"},
}

// phc spells an Argon2 digest whose salt is "somesalt" and whose tag is hex.
func phc(name, params, tag string) string {
	var raw []byte
	if _, err := fmt.Sscanf(tag, "%x", &raw); err != nil {
		panic(err)
	}
	return fmt.Sprintf("$%s$v=19$%s$%s$%s", name, params, salt8, phcBase64.EncodeToString(raw))
}

func TestKnownDigests(t *testing.T) {
	seen := map[string]bool{}
	for _, c := range knownDigests {
		d, err := parseDigest(c.digest, c.algorithm)
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		if !d.matches(c.password) {
			t.Errorf("%s: the right password does not match", c.name)
		}
		if d.matches("x" + c.password) {
			t.Errorf("%s: a wrong password matches", c.name)
		}
		if d.current() {
			t.Errorf("%s: taken for a digest of today", c.name)
		}
		seen[c.algorithm] = true
	}
	for _, algorithm := range Algorithms() {
		if !seen[algorithm] {
			t.Errorf("no vector for %s", algorithm)
		}
	}
}

func TestBcryptLooksAt72Bytes(t *testing.T) {
	d, err := parseDigest("$2a$05$abcdefghijklmnopqrstuu5s2v8.iXieOjg/.AySBTTZIIVFJeBui", Bcrypt)
	if err != nil {
		t.Fatal(err)
	}
	first72 := "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
	if !d.matches(first72) || !d.matches(first72+"anything") {
		t.Error("a password that agrees in 72 bytes does not match")
	}
	if d.matches(first72[:71]) {
		t.Error("71 bytes match")
	}
	short, err := parseDigest(bcryptUU, Bcrypt)
	if err != nil {
		t.Fatal(err)
	}
	if short.matches("U*U\x00U*U") {
		t.Error("a password with a NUL matches the repeated one")
	}
}

func TestArgonLimits(t *testing.T) {
	for params, ok := range map[string]bool{
		"m=19456,t=2,p=1":                true,
		"m=4096,t=256,p=1":               true, // Logto's
		"m=65536,t=3,p=4":                true, // RFC 9106 §4, second choice
		"m=262144,t=3,p=1":               true, // libsodium "moderate"
		"m=262144,t=4,p=16":              true,
		"m=262145,t=1,p=1":               false,
		"m=4194304,t=1,p=1":              false,
		"m=4096,t=257,p=1":               false,
		"m=8,t=4294967295,p=1":           false,
		"m=4294967295,t=1,p=1":           false,
		"m=4294967296,t=1,p=1":           false,
		"m=65536,t=1,p=17":               false,
		"m=65536,t=1,p=257":              false, // would be one lane in eight bits
		"m=7,t=1,p=1":                    false,
		"m=31,t=1,p=4":                   false,
		"m=64,t=0,p=1":                   false,
		"m=64,t=1,p=0":                   false,
		"m=64,t=1":                       false,
		"m=64,t=1,p=1,p=1":               false,
		"m=64,t=1,p=1,keyid=a":           false,
		"m=-64,t=1,p=1":                  false,
		"m=+64,t=1,p=1":                  false,
		"m= 64,t=1,p=1":                  false,
		"m=64,t=1,p=":                    false,
		"m=64,m=64,t=1":                  false,
		"":                               false,
		"m=18446744073709551680,t=1,p=1": false,
	} {
		err := ValidateDigest(phc("argon2id", params, "655ad15eac652dc59f7170a7332bf49b8469be1fdb9c28bb"), Argon2id)
		if (err == nil) != ok {
			t.Errorf("%q: %v", params, err)
		}
	}
}

func TestValidateDigestRefuses(t *testing.T) {
	tag := "kJ7hcJ7hcJ7hcJ7hcJ7hcJ7hcJ7hcJ7h"
	const input, format, unsupported = "guard.invalid_input", "password.invalid_legacy_password_format",
		"password.unsupported_legacy_hash_algorithm"
	for _, c := range []struct{ digest, algorithm, code string }{
		{md5Horse, "", "user.password_algorithm_required"},
		{md5Horse, "SHA512", input},
		{md5Horse, "md5", input},
		{"", MD5, input},
		{"zz-not-hex", MD5, input},
		{md5Horse[:30], MD5, input},
		{md5Horse + "00", MD5, input},
		{md5Horse, SHA1, input},
		{sha1Horse, SHA256, input},
		{strings.Repeat("0", 257), MD5, input},
		{"", Argon2id, input},
		{"$argon2id$m=64,t=1,p=1$" + salt8 + "$" + tag, Argon2id, input}, // version 16
		{"$argon2id$v=16$m=64,t=1,p=1$" + salt8 + "$" + tag, Argon2id, input},
		{"$argon2x$v=19$m=64,t=1,p=1$" + salt8 + "$" + tag, Argon2id, input},
		{"x$argon2id$v=19$m=64,t=1,p=1$" + salt8 + "$" + tag, Argon2id, input},
		{"$argon2id$v=19$m=64,t=1,p=1$" + salt8 + "$" + tag + "$", Argon2id, input},
		{"$argon2id$v=19$m=64,t=1,p=1$" + salt8 + "$", Argon2id, input},
		{"$argon2id$v=19$m=64,t=1,p=1$" + salt8 + "$AAAA", Argon2id, input},
		{"$argon2id$v=19$m=64,t=1,p=1$c2FsdA$" + tag, Argon2id, input},
		{"$argon2id$v=19$m=64,t=1,p=1$" + salt8 + "=$" + tag, Argon2id, input},
		{"$argon2id$v=19$m=64,t=1,p=1$" + salt8 + "\n$" + tag, Argon2id, input},
		{bcryptUU, Argon2id, input},
		{"", Bcrypt, input},
		{"$2b$broken", Bcrypt, input},
		{"$2x" + bcryptUU[3:], Bcrypt, input},
		{"$2$0" + bcryptUU[4:], Bcrypt, input},
		{"$1a" + bcryptUU[3:], Bcrypt, input},
		{"$2a$03" + bcryptUU[6:], Bcrypt, input},
		{"$2a$15" + bcryptUU[6:], Bcrypt, input},
		{"$2a$99" + bcryptUU[6:], Bcrypt, input},
		{"$2a$-5" + bcryptUU[6:], Bcrypt, input},
		{"$2a$05." + bcryptUU[7:], Bcrypt, input},
		{bcryptUU[:59] + "!", Bcrypt, input},
		{bcryptUU[:30] + "=" + bcryptUU[31:], Bcrypt, input},
		{bcryptUU + "a", Bcrypt, input},
		{"", Legacy, format},
		{"not json", Legacy, format},
		{`{"a":1}`, Legacy, format},
		{`null`, Legacy, format},
		{`["sha256"]`, Legacy, format},
		{`["sha256","@","x"]`, Legacy, format},
		{`["sha256",null,"x"]`, Legacy, format},
		{`["sha256",["salt"],"` + sha2Horse + `"]`, Legacy, format},
		{`["sha256",["salt@"],"` + sha2Horse + `"]`, Legacy, format},
		{`["sha256",["@",1],"` + sha2Horse + `"]`, Legacy, format},
		{`["sha256",["@",null],"` + sha2Horse + `"]`, Legacy, format},
		{`[null,["@"],"` + sha2Horse + `"]`, Legacy, format},
		{`["sha256",["@"],null]`, Legacy, format},
		{`["sha256",["@"],"` + sha1Horse + `"]`, Legacy, format},
		{`["sha256",["@"],"zz"]`, Legacy, format},
		{`["sha256",["@"],"` + sha2Horse + `","more"]`, Legacy, format},
		{`["sha256",["@"],"` + sha2Horse + `"] []`, Legacy, format},
		{`["rot13",["@"],"x"]`, Legacy, unsupported},
		{`["",["@"],"x"]`, Legacy, unsupported},
		{`["pbkdf2",["s","1000","32","rot13","@"],"` + sha2Horse + `"]`, Legacy, unsupported},
		{`["pbkdf2",["s","1000","32","pbkdf2","@"],"` + sha2Horse + `"]`, Legacy, unsupported},
		{`["pbkdf2",["@"],"` + sha2Horse + `"]`, Legacy, format},
		{`["pbkdf2",["@","1000","32","sha256","s"],"` + sha2Horse + `"]`, Legacy, format},
		{`["pbkdf2",["s","0","32","sha256","@"],"` + sha2Horse + `"]`, Legacy, format},
		{`["pbkdf2",["s","-1","32","sha256","@"],"` + sha2Horse + `"]`, Legacy, format},
		{`["pbkdf2",["s","x","32","sha256","@"],"` + sha2Horse + `"]`, Legacy, format},
		{`["pbkdf2",["s","1000","31","sha256","@"],"` + sha2Horse + `"]`, Legacy, format},
		{`["pbkdf2",["s","1000","0","sha256","@"],""]`, Legacy, format},
		{`["pbkdf2",["s","4000001","32","sha256","@"],"` + sha2Horse + `"]`, Legacy, format},
		{`["pbkdf2",["s","9223372036854775807","32","sha256","@"],"` + sha2Horse + `"]`, Legacy, format},
		{`["pbkdf2",["s","2000001","32","sha1","@"],"` + sha2Horse + `"]`, Legacy, format}, // two blocks
	} {
		err := ValidateDigest(c.digest, c.algorithm)
		if guestlist.CodeOf(err) != c.code || guestlist.KindOf(err) != guestlist.KindInvalid {
			t.Errorf("%s %q: got %v, want 400 %s", c.algorithm, c.digest, err, c.code)
		}
	}
}

func TestInvalidInputOnTheWire(t *testing.T) {
	for _, c := range []struct{ digest, algorithm, data, details string }{
		{
			"x", "md5",
			`{"issues":[{"received":"md5","code":"invalid_enum_value","options":["Argon2i","Argon2id","Argon2d","SHA1","SHA256","MD5","Bcrypt","Legacy"],` +
				`"path":["passwordAlgorithm"],"message":"Invalid enum value. Expected 'Argon2i' | 'Argon2id' | 'Argon2d' | 'SHA1' | 'SHA256' | 'MD5' | 'Bcrypt' | 'Legacy', received 'md5'"}],"name":"ZodError"}`,
			`Error in key path "passwordAlgorithm": (invalid_enum_value) `,
		},
		{
			strings.Repeat("é", 257), MD5,
			`{"issues":[{"code":"too_big","maximum":256,"type":"string","inclusive":true,"exact":false,"path":["passwordDigest"],"message":"String must contain at most 256 character(s)"}],"name":"ZodError"}`,
			`Error in key path "passwordDigest": (too_big) String must contain at most 256 character(s)`,
		},
	} {
		var e *guestlist.Error
		if !errors.As(ValidateDigest(c.digest, c.algorithm), &e) {
			t.Fatal("accepted")
		}
		var data strings.Builder
		enc := json.NewEncoder(&data)
		enc.SetEscapeHTML(false)
		if err := enc.Encode(e.Data); err != nil {
			t.Fatal(err)
		}
		if got := strings.TrimSpace(data.String()); got != c.data {
			t.Errorf("data:\n got %s\nwant %s", got, c.data)
		}
		if !strings.HasPrefix(e.Details, c.details) {
			t.Errorf("details = %s", e.Details)
		}
	}
}

// FuzzParseDigest holds parseDigest to its promise: whatever it accepts can be
// computed within the limits. Only what is cheap is computed here.
func FuzzParseDigest(f *testing.F) {
	for _, c := range knownDigests {
		f.Add(c.digest, c.algorithm)
	}
	f.Add("$argon2id$v=19$m=8,t=1,p=1$AAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAA", Argon2id)
	f.Fuzz(func(t *testing.T, text, algorithm string) {
		d, err := parseDigest(text, algorithm)
		if err != nil {
			if d != nil || guestlist.KindOf(err) != guestlist.KindInvalid {
				t.Errorf("refused with %v and %v", d, err)
			}
			return
		}
		if d.memory() > maxArgonMemory {
			t.Errorf("%d KiB accepted", d.memory())
		}
		switch d := d.(type) {
		case argonDigest:
			p := d.params
			if p.refusal() != "" || len(d.tag) < minArgonTag || len(d.salt) < minArgonSalt {
				t.Errorf("accepted %+v", p)
			}
			if p.memory*p.passes <= 1024 {
				d.matches("password") // must not panic
			}
		case pbkdf2Digest:
			if d.iterations > maxPBKDF2Work {
				t.Errorf("accepted %d iterations", d.iterations)
			}
			if d.iterations <= 1000 {
				d.matches("password")
			}
		case fastDigest:
			d.matches("password")
		}
	})
}
