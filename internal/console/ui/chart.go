package ui

import (
	"fmt"
	"math"
	"strings"
)

// Chart is a line or bar chart over equal steps, e.g. days. It is drawn here,
// has a text alternative, and a table behind it.
type Chart struct {
	Title  string
	Alt    string // the chart in a sentence
	Bars   bool   // bars of the first series; otherwise lines
	Labels []string
	Series []Series
}

// Series is one row of numbers, one for each label.
type Series struct {
	Name   string
	Values []float64
}

// The drawing's own units: the picture is stretched over the room that there
// is, and its texts stand beside it.
const (
	chartWidth  = 600.0
	chartHeight = 160.0
)

// Top is the value at the upper edge: a round number above all values.
func (c Chart) Top() float64 {
	most := 0.0
	for _, s := range c.Series {
		for _, v := range s.Values {
			if !math.IsNaN(v) && !math.IsInf(v, 0) {
				most = math.Max(most, v)
			}
		}
	}
	if most <= 4 {
		return 4
	}
	step := math.Pow(10, math.Floor(math.Log10(most)))
	for _, times := range []float64{1, 2, 4, 6, 8, 10} {
		if step*times >= most {
			return step * times
		}
	}
	return step * 10
}

// TopCount is Top as a whole number, and HalfCount its half.
func (c Chart) TopCount() int { return int(c.Top()) }

// HalfCount is the value in the middle.
func (c Chart) HalfCount() int { return int(c.Top() / 2) }

// Step is the width of what belongs to one label.
func (c Chart) Step() string { return fmt.Sprintf("%.2f", chartWidth/float64(max(len(c.Labels), 1))) }

func (c Chart) x(i int) float64 {
	if len(c.Labels) < 2 {
		return chartWidth / 2
	}
	return float64(i) * chartWidth / float64(len(c.Labels)-1)
}

func (c Chart) y(v float64) float64 {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		v = 0
	}
	return chartHeight - v/c.Top()*chartHeight
}

// Line is the path of a series.
func (c Chart) Line(s Series) string {
	var b strings.Builder
	for i, v := range s.Values {
		op := "L"
		if i == 0 {
			op = "M"
		}
		fmt.Fprintf(&b, "%s%.1f %.1f", op, c.x(i), c.y(v))
	}
	return b.String()
}

// Area is the path of the ground under a series.
func (c Chart) Area(s Series) string {
	if len(s.Values) == 0 {
		return ""
	}
	return c.Line(s) + fmt.Sprintf("L%.1f %.1fL%.1f %.1fZ", c.x(len(s.Values)-1), chartHeight, c.x(0), chartHeight)
}

// Bar is one bar, or the strip over a point that shows its value on hover.
type Bar struct {
	X, Y, Width, Height, Full string
	Title                     string
}

// Strips are the bars of the first series; Title names every series' value.
func (c Chart) Strips() []Bar {
	if len(c.Series) == 0 {
		return nil
	}
	n := max(len(c.Labels), 1)
	step := chartWidth / float64(n)
	var out []Bar
	for i, label := range c.Labels {
		var says []string
		v := 0.0
		for j, s := range c.Series {
			if i < len(s.Values) {
				says = append(says, s.Name+" "+Number(s.Values[i]))
				if j == 0 {
					v = s.Values[i]
				}
			}
		}
		y := c.y(v)
		out = append(out, Bar{
			X: fmt.Sprintf("%.1f", float64(i)*step+step*0.15), Y: fmt.Sprintf("%.1f", y),
			Width: fmt.Sprintf("%.1f", step*0.7), Height: fmt.Sprintf("%.1f", chartHeight-y),
			Full: fmt.Sprintf("%.1f", float64(i)*step), Title: label + ": " + strings.Join(says, ", "),
		})
	}
	return out
}

// Number writes a number without a needless fraction.
func Number(v float64) string {
	if v == math.Trunc(v) && math.Abs(v) < 1e15 {
		return fmt.Sprintf("%.0f", v)
	}
	return fmt.Sprintf("%.1f", v)
}

// FirstLabel is the label at the beginning.
func (c Chart) FirstLabel() string {
	if len(c.Labels) == 0 {
		return ""
	}
	return c.Labels[0]
}

// LastLabel is the label at the end.
func (c Chart) LastLabel() string {
	if len(c.Labels) == 0 {
		return ""
	}
	return c.Labels[len(c.Labels)-1]
}

// Value returns a series' i-th value, written.
func (s Series) Value(i int) string {
	if i >= len(s.Values) {
		return ""
	}
	return Number(s.Values[i])
}
