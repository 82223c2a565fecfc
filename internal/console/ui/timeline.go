package ui

import (
	"fmt"

	"guestlist"
)

// Timeline draws waves over time: when each left or will leave, and how large it
// is. It has a text alternative, and a table behind it.
type Timeline struct {
	Title   string
	Alt     string // the picture in a sentence
	Now     guestlist.Time
	NowText string
	Wave    string // over the table's columns
	People  string
	When    string
	Marks   []WaveMark // in their order
}

// WaveMark is one wave.
type WaveMark struct {
	Name  string
	At    guestlist.Time
	Exact bool // At is known, and not drawn between others
	Count int
	Sent  bool
}

// The drawing's own units.
const (
	timelineWidth  = 600.0
	timelineHeight = 60.0
	timelineEdge   = 14.0 // beside the first and the last mark
)

// ends are the first and the last moment that is drawn.
func (t Timeline) ends() (from, to guestlist.Time) {
	from, to = t.Now, t.Now
	for _, m := range t.Marks {
		from, to = min(from, m.At), max(to, m.At)
	}
	return from, to
}

func (t Timeline) x(at guestlist.Time) float64 {
	from, to := t.ends()
	if to <= from {
		return timelineWidth / 2
	}
	return timelineEdge + (timelineWidth-2*timelineEdge)*float64(at-from)/float64(to-from)
}

// X is where a moment stands.
func (t Timeline) X(at guestlist.Time) string { return fmt.Sprintf("%.1f", t.x(at)) }

// Top is the upper end of a wave's bar.
func (t Timeline) Top(m WaveMark) string {
	most := 1
	for _, other := range t.Marks {
		most = max(most, other.Count)
	}
	return fmt.Sprintf("%.1f", timelineHeight-10-float64(max(0, m.Count))*(timelineHeight-20)/float64(most))
}

// First and Last are the ends of the line.
func (t Timeline) First() guestlist.Time { from, _ := t.ends(); return from }

// Last is its end.
func (t Timeline) Last() guestlist.Time { _, to := t.ends(); return to }

func (Timeline) template() string { return "timeline" }
