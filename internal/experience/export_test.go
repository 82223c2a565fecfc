package experience

// APIPatterns lists the routes of the experience API for tests that have to
// think of each.
func APIPatterns() []string {
	var patterns []string
	for _, rt := range apiRoutes() {
		patterns = append(patterns, rt.pattern)
	}
	return patterns
}

// PagePatterns lists the routes for people, likewise.
func PagePatterns() []string {
	var patterns []string
	for _, rt := range (&Door{}).pageRoutes() {
		patterns = append(patterns, rt.pattern)
	}
	return patterns
}
