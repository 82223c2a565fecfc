package experience

import "strings"

// device reads from a User-Agent which browser on which system it is, as people
// know them; empty for what is not known. Browsers name those before them that
// they resemble, so that the order is that of the tables.
func device(userAgent string) (browser, system string) {
	find := func(table [][2]string) string {
		for _, row := range table {
			if strings.Contains(userAgent, row[0]) {
				return row[1]
			}
		}
		return ""
	}
	return find(browsers), find(systems)
}

var browsers = [][2]string{
	{"Edg", "Edge"}, {"OPR/", "Opera"}, {"Opera", "Opera"}, {"SamsungBrowser/", "Samsung Internet"}, {"Vivaldi/", "Vivaldi"},
	{"YaBrowser/", "Yandex"}, {"DuckDuckGo/", "DuckDuckGo"}, {"Firefox/", "Firefox"}, {"FxiOS/", "Firefox"}, {"CriOS/", "Chrome"},
	{"Chrome/", "Chrome"}, {"Chromium/", "Chromium"}, {"Safari/", "Safari"}, {"curl/", "curl"},
}

var systems = [][2]string{
	{"Windows", "Windows"}, {"iPhone", "iPhone"}, {"iPad", "iPad"}, {"Macintosh", "macOS"}, {"Android", "Android"},
	{"CrOS", "ChromeOS"}, {"Linux", "Linux"},
}
