package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha512"
	"fmt"
	"net/http"
	"os"
	"time"

	"golang.org/x/crypto/argon2"
)

// floor is what this process does when it does nothing else, on one core and
// on all at once. Every answer that holds a signature or checks a password
// costs at least this.
type floor struct{ one, all sample }

// The cost of a password digest of the product (internal/crypt).
const (
	argonMemory = 19 * 1024 // KiB
	argonPasses = 2
	argonLanes  = 1
	argonSalt   = 16 // bytes
	argonTag    = 32 // bytes
)

func measureFloor(cores int, lasting time.Duration, op operation) (floor, error) {
	one, err := bare(1, lasting, op)
	if err != nil {
		return floor{}, err
	}
	all, err := bare(cores, lasting, op)
	return floor{one, all}, err
}

// plus joins two measurements of the same.
func (s sample) plus(other sample) sample {
	return sample{ops: s.ops + other.ops, elapsed: s.elapsed + other.elapsed, cpu: s.cpu + other.cpu}
}

// bare repeats an operation in this process on a number of cores.
func bare(cores int, lasting time.Duration, op operation) (sample, error) {
	counts, errs := make([]int, cores), make([]error, cores)
	before, start := cpuOf(os.Getpid()), time.Now()
	each(cores, func(i int) {
		times, err := repeat(op, lasting)
		counts[i], errs[i] = len(times), err
	})
	s := sample{elapsed: time.Since(start), cpu: cpuOf(os.Getpid()) - before}
	for i := range counts {
		s.ops += counts[i]
		if errs[i] != nil {
			return s, errs[i]
		}
	}
	return s, nil
}

// signing returns the operation of signing with a P-384 key.
func signing() (operation, error) {
	key, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	if err != nil {
		return nil, err
	}
	sum := sha512.Sum384([]byte("what is signed"))
	return func() error {
		_, err := ecdsa.SignASN1(rand.Reader, key, sum[:])
		return err
	}, nil
}

// hello serves the shortest answer that net/http can give, until it is ended:
// what of a latency is the machine's and the library's.
func hello(address string) error {
	server := http.Server{Addr: address, ReadHeaderTimeout: readyWithin,
		Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "hello") })}
	return server.ListenAndServe()
}

func hashPassword() error {
	argon2.IDKey([]byte("a password of a guest"), make([]byte, argonSalt), argonPasses, argonMemory, argonLanes, argonTag)
	return nil
}
