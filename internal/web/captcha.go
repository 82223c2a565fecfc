package web

// Captcha is a provider's puzzle within a form. It is the one thing on a page
// that is asked of somebody else, and only where the operator chose so: the
// page's policy opens for the sources that are named here.
type Captcha struct {
	Script   string // address of the provider's script
	Class    string // of the element that the script turns into the puzzle
	SiteKey  string
	Theme    string // "light", "dark" or empty: as the provider thinks best
	Language string
	Global   string // what the script calls itself, by which a page knows that it runs
	// Execute says that the puzzle is unseen: when the form is sent, the script
	// is asked for an answer, which goes into the input of this name.
	Execute string

	Label, NoScript, NotLoaded string

	Scripts, Frames, Styles, Connects []string // sources for the policy
}

// puzzle opens a policy for a captcha.
func (p *Policy) puzzle(c *Captcha) {
	if c == nil {
		return
	}
	p.Scripts = append(p.Scripts, c.Scripts...)
	p.Styles = append(p.Styles, c.Styles...)
	p.Embeds = append(p.Embeds, c.Frames...)
	p.Connects = append(p.Connects, c.Connects...)
}
