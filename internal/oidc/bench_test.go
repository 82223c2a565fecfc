package oidc_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha512"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// callersPerCore makes 16 callers on two cores, as in docs/performance.md.
const callersPerCore = 8

// BenchmarkES384 is the floor: signing and nothing else.
func BenchmarkES384(b *testing.B) {
	key, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	if err != nil {
		b.Fatal(err)
	}
	sum := sha512.Sum384([]byte("payload"))
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if _, err := ecdsa.SignASN1(rand.Reader, key, sum[:]); err != nil {
				b.Error(err)
			}
		}
	})
	perSecond(b)
}

func perSecond(b *testing.B) { b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "ops/s") }

func BenchmarkClientCredentials(b *testing.B) {
	h := newHouse(b)
	body := form("grant_type", "client_credentials", "resource", indicator, "scope", "notes:read").Encode()
	authorization := basic("machine", secret)
	b.SetParallelism(callersPerCore)
	b.ReportAllocs()
	b.ResetTimer()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			r := httptest.NewRequest(http.MethodPost, endpoint+"/oidc/token", strings.NewReader(body))
			r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			r.Header.Set("Authorization", authorization)
			rec := httptest.NewRecorder()
			h.handler.ServeHTTP(rec, r)
			if rec.Code != http.StatusOK {
				b.Error(rec.Code, rec.Body)
			}
		}
	})
	h.stop() // the audit lines belong to the price
	perSecond(b)
}

func BenchmarkCodeExchange(b *testing.B) {
	h := newHouse(b)
	codes := make(chan string, b.N)
	for range b.N {
		codes <- h.code(h.spa, "openid offline_access profile email")
	}
	b.SetParallelism(callersPerCore)
	b.ReportAllocs()
	b.ResetTimer()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if a := h.redeem(h.spa, <-codes); a.Status != http.StatusOK {
				b.Error(a.Status, a.Body)
			}
		}
	})
	h.stop()
	perSecond(b)
}

// BenchmarkRefresh asks without openid: an opaque token and no signature.
func BenchmarkRefresh(b *testing.B) { benchmarkRefresh(b, "offline_access profile") }

// BenchmarkRefreshWithID signs an ID token each time.
func BenchmarkRefreshWithID(b *testing.B) { benchmarkRefresh(b, "openid offline_access profile") }

func benchmarkRefresh(b *testing.B, scope string) {
	h := newHouse(b)
	b.SetParallelism(callersPerCore)
	b.ReportAllocs()
	b.ResetTimer()
	b.RunParallel(func(pb *testing.PB) {
		current := h.redeem(h.spa, h.code(h.spa, scope)).text("refresh_token")
		for pb.Next() {
			a := h.refresh(h.spa, current)
			if a.Status != http.StatusOK {
				b.Error(a.Status, a.Body)
			}
			current = a.text("refresh_token")
		}
	})
	h.stop()
	perSecond(b)
}

func BenchmarkDiscovery(b *testing.B) { benchmarkGet(b, "/.well-known/openid-configuration") }

func BenchmarkKeys(b *testing.B) { benchmarkGet(b, "/jwks") }

func benchmarkGet(b *testing.B, path string) {
	h := newHouse(b)
	b.SetParallelism(callersPerCore)
	b.ReportAllocs()
	b.ResetTimer()
	b.RunParallel(func(pb *testing.PB) {
		r := httptest.NewRequest(http.MethodGet, endpoint+"/oidc"+path, nil)
		for pb.Next() {
			rec := httptest.NewRecorder()
			h.handler.ServeHTTP(rec, r)
			if rec.Code != http.StatusOK {
				b.Error(rec.Code)
			}
		}
	})
	perSecond(b)
}
