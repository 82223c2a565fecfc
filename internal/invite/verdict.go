package invite

import (
	"errors"
	"hash/maphash"

	"guestlist"
	"guestlist/internal/store"
)

// Verdicts is what became of the rows of one batch, as it is kept: short for
// rows that became invitations, whose recipients stand in their own rows.
type Verdicts struct {
	Prefix string `json:"p"` // of the ids
	Suffix string `json:"s"`
	// Lines are runs of lines that follow each other: the first, and how many.
	Lines []int `json:"l"`
	// Marks has a letter for each row.
	Marks string `json:"m"`
	// Others are the rows of which no invitation came, by their place.
	Others map[int]otherRow `json:"o,omitempty"`
}

type otherRow struct {
	Recipient string         `json:"r,omitempty"`
	Code      string         `json:"c,omitempty"`
	Field     string         `json:"f,omitempty"`
	Args      map[string]any `json:"a,omitempty"`
	Message   string         `json:"m,omitempty"`
}

// marks are the letters of verdicts.
var marks = map[guestlist.RowVerdict]byte{
	guestlist.RowNew: 'n', guestlist.RowExistingUser: 'e', guestlist.RowAlreadyPending: 'p', guestlist.RowDuplicate: 'd',
	guestlist.RowInvalid: 'i', guestlist.RowSuppressed: 's', guestlist.RowBlocked: 'b', guestlist.RowOverQuota: 'q',
}

// maxKeptRecipient is how much of a recipient is kept that is none, in
// characters.
const maxKeptRecipient = 320

func (k *Verdicts) add(v verdict) {
	at := len(k.Marks)
	k.Marks += string(marks[v.Verdict])
	if n := len(k.Lines); n > 0 && k.Lines[n-2]+k.Lines[n-1] == v.Line {
		k.Lines[n-1]++
	} else {
		k.Lines = append(k.Lines, v.Line, 1)
	}
	if v.Verdict.Issues() {
		return
	}
	if k.Others == nil {
		k.Others = map[int]otherRow{}
	}
	o := otherRow{Recipient: shorten(v.Recipient, maxKeptRecipient), Code: v.Code, Field: v.Field}
	if e := new(guestlist.Error); errors.As(v.Err, &e) {
		o.Args, o.Message = e.Args, e.Message
	}
	k.Others[at] = o
}

func shorten(s string, most int) string {
	if r := []rune(s); len(r) > most {
		return string(r[:most]) + "…"
	}
	return s
}

// Count adds to how many rows have which verdict.
func (k Verdicts) Count(counts map[string]int) {
	for _, mark := range []byte(k.Marks) {
		counts[string(verdictOf(mark))]++
	}
}

func verdictOf(mark byte) guestlist.RowVerdict {
	for v, m := range marks {
		if m == mark {
			return v
		}
	}
	return guestlist.RowInvalid
}

// Reports returns the rows of a batch again. refusal puts the error of an invalid
// row into words.
func (k Verdicts) Reports(tx *store.Tx, campaign guestlist.CampaignID, words func(error) string) ([]guestlist.RowReport, error) {
	recipients, err := tx.ImportedBetween(campaign, k.id(0), k.id(len(k.Marks)))
	if err != nil {
		return nil, err
	}
	list := make([]guestlist.RowReport, 0, len(k.Marks))
	for run := 0; run+1 < len(k.Lines); run += 2 {
		for n := range k.Lines[run+1] {
			at := len(list)
			if at >= len(k.Marks) {
				break
			}
			r := guestlist.RowReport{Line: k.Lines[run] + n, Verdict: verdictOf(k.Marks[at])}
			if r.Verdict.Issues() {
				r.ID = k.id(at)
				r.Recipient = recipients[r.ID]
			} else {
				o := k.Others[at]
				r.Recipient, r.Code, r.Field = o.Recipient, o.Code, o.Field
				if o.Code != "" {
					e := guestlist.Refuse(guestlist.KindUnprocessable, o.Code).WithArgs(o.Args)
					e.Message = o.Message
					r.Message = words(e)
				}
			}
			list = append(list, r)
		}
	}
	return list, nil
}

// keySet remembers texts by a hash of 64 bits, in 12 bytes each or less. Two
// texts are taken for one about once in some million million; it is for
// forecasts.
type keySet struct {
	slots []uint64 // 0: free
	n     int
}

// add reports whether a text was not there yet.
func (s *keySet) add(text string) bool {
	if s.n*4 >= len(s.slots)*3 {
		s.grow()
	}
	h := hash64(text)
	if !s.put(h) {
		return false
	}
	s.n++
	return true
}

func (s *keySet) put(h uint64) bool {
	mask := uint64(len(s.slots) - 1) //nolint:gosec // never empty
	for at := h & mask; ; at = (at + 1) & mask {
		switch s.slots[at] {
		case 0:
			s.slots[at] = h
			return true
		case h:
			return false
		}
	}
}

func (s *keySet) grow() {
	old := s.slots
	s.slots = make([]uint64, max(1024, 2*len(old)))
	for _, h := range old {
		if h != 0 {
			s.put(h)
		}
	}
}

// hash64 hashes a text under a key of this process, so that nobody can make two
// that collide. It is never 0.
func hash64(text string) uint64 { return maphash.String(hashSeed, text) | 1 }

var hashSeed = maphash.MakeSeed()
