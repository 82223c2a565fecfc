package webtest

import (
	"errors"
	"os/exec"
)

// ErrNoChromium says that pages cannot be looked at in a browser here.
var ErrNoChromium = errors.New("there is no Chromium (on Debian: apt-get install chromium-headless-shell)")

// Chromium returns where Chromium is. The program without windows comes first:
// it shows the same pages for less than half of the work.
func Chromium() (string, error) {
	for _, name := range []string{"chromium-headless-shell", "chromium", "chromium-browser", "google-chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			return path, nil
		}
	}
	return "", ErrNoChromium
}
