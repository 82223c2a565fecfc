package crypt

import (
	"testing"
)

func BenchmarkHash(b *testing.B) {
	key, token := NewKey(), Opaque()
	b.ReportAllocs()
	for b.Loop() {
		key.Hash("refresh-token", token)
	}
}

func BenchmarkSeal(b *testing.B) {
	key, plain := NewKey(), []byte(Token32())
	b.ReportAllocs()
	for b.Loop() {
		key.Seal("one-time-token", plain)
	}
}

func BenchmarkOpen(b *testing.B) {
	key := NewKey()
	sealed := key.Seal("one-time-token", []byte(Token32()))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := key.Open("one-time-token", sealed); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkDerivedID(b *testing.B) {
	key := NewKey()
	b.ReportAllocs()
	for b.Loop() {
		DerivedID(key, "user", "import-7", "4711")
	}
}

func BenchmarkRandom(b *testing.B) {
	for name, next := range map[string]func() string{
		"ID": ID, "ShortID": ShortID, "Token32": Token32, "Opaque": Opaque, "Code6": Code6,
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				next()
			}
		})
	}
}

// BenchmarkArgon2id is one core's bare rate, the measure of the next one.
func BenchmarkArgon2id(b *testing.B) {
	salt := make([]byte, argonSaltLen)
	for b.Loop() {
		currentArgon("correct horse", salt)
	}
}

func BenchmarkVerifyParallel(b *testing.B) {
	h := NewHasher()
	digest, algorithm, err := h.Hash(b.Context(), "correct horse")
	if err != nil {
		b.Fatal(err)
	}
	b.SetParallelism(4)
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if ok, _, err := h.Verify(b.Context(), "correct horse", digest, algorithm); !ok || err != nil {
				b.Errorf("Verify = %v, %v", ok, err)
			}
		}
	})
}
