package store

import (
	"encoding/binary"
	"math/bits"
	"slices"
	"strings"

	"guestlist"
)

// gram is a character of a text, two in a row, or three in a row that are digits or
// the same, without regard to letter case. Of digits there are few, so that two of
// them say little, and nothing else tells a row of sevens.
type gram [3]rune // filled with zeros

func (g gram) String() string { return strings.TrimRight(string(g[:]), "\x00") }

func (g gram) runes() int {
	n := 0
	for n < len(g) && g[n] != 0 {
		n++
	}
	return n
}

func isDigit(c rune) bool { return c >= '0' && c <= '9' }

// eachGram calls fn with the grams of a text, some more than once.
func eachGram(text string, fn func(gram)) {
	var before, last rune
	for _, c := range strings.ToLower(text) {
		fn(gram{c})
		if last != 0 {
			fn(gram{last, c})
		}
		if before != 0 && (before == last && last == c || isDigit(before) && isDigit(last) && isDigit(c)) {
			fn(gram{before, last, c})
		}
		before, last = last, c
	}
}

// maxGrams is how many grams of what is searched for are looked up: a few of a
// long text leave little to be judged.
const maxGrams = 8

// gramsOf returns grams that a text has in which all these texts occur.
func gramsOf(texts []string) []gram {
	var list []gram
	for _, text := range texts {
		single := len([]rune(strings.ToLower(text))) == 1
		eachGram(text, func(g gram) {
			switch n := g.runes(); {
			case single != (n == 1), slices.Contains(list, g):
			case n == len(g): // instead of both pairs that it has
				pair := func(other gram) bool { return other == gram{g[0], g[1]} || other == gram{g[1], g[2]} }
				list = append(slices.DeleteFunc(list, pair), g)
			default:
				list = append(list, g)
			}
		})
	}
	if len(list) <= maxGrams {
		return list
	}
	some := make([]gram, maxGrams)
	for i := range some {
		some[i] = list[i*len(list)/maxGrams]
	}
	return some
}

// gramsOfSearch returns what a user has to have to be found: all grams of one of
// the lists. nil means that grams do not tell.
func gramsOfSearch(s guestlist.Search) [][]gram {
	var either [][]gram
	var all []gram
	for _, m := range s.Matches {
		of := gramsOfMatch(m)
		if s.Joint == guestlist.JointAnd {
			if len(of) == 1 {
				all = append(all, of[0]...)
			}
			continue
		}
		if len(of) == 0 {
			return nil
		}
		either = append(either, of...)
	}
	if len(all) > 0 {
		return [][]gram{all[:min(len(all), maxGrams)]}
	}
	return either
}

// gramsOfMatch is gramsOfSearch for one match.
func gramsOfMatch(m guestlist.Match) [][]gram {
	var either [][]gram
	switch m.Mode {
	case guestlist.ModeExact:
		for _, v := range m.Values {
			either = append(either, gramsOf([]string{v}))
		}
	case guestlist.ModeLike, "":
		either = [][]gram{gramsOf(guestlist.LikeTexts(m.Values[0]))}
	case guestlist.ModePosix, guestlist.ModeSimilarTo: // expressions have no text of their own
	}
	if slices.ContainsFunc(either, func(grams []gram) bool { return len(grams) == 0 }) {
		return nil
	}
	return either
}

const (
	blockUsers = 8192 // in a block
	partUsers  = 64   // in a part of it: a word of members
	blockParts = blockUsers / partUsers
	wordBytes  = partUsers / 8
	allBytes   = blockUsers / 8 // of members that are written whole
)

// members are some users of a block.
type members [blockParts]uint64

// encodeMembers writes the places of users in a block, in ascending order: two
// bytes for each, or a bit for every user of the block where that is shorter. The
// length tells which.
func encodeMembers(places []uint16) []byte {
	if 2*len(places) < allBytes {
		b := make([]byte, 0, 2*len(places))
		for _, at := range places {
			b = binary.BigEndian.AppendUint16(b, at)
		}
		return b
	}
	b := make([]byte, allBytes)
	for _, at := range places {
		b[at/8] |= 1 << (at % 8)
	}
	return b
}

// decodeMembers reads what encodeMembers wrote.
func decodeMembers(b []byte) (m members) {
	if len(b) == allBytes {
		for i := range m {
			m[i] = binary.LittleEndian.Uint64(b[i*wordBytes:])
		}
		return m
	}
	for ; len(b) >= 2; b = b[2:] {
		if at := binary.BigEndian.Uint16(b); at < blockUsers {
			m[at/partUsers] |= 1 << (at % partUsers)
		}
	}
	return m
}

func (m *members) and(other members) {
	for i := range m {
		m[i] &= other[i]
	}
}

func (m *members) or(other members) {
	for i := range m {
		m[i] |= other[i]
	}
}

func (m *members) count() (n int) {
	for _, word := range m {
		n += bits.OnesCount64(word)
	}
	return n
}
