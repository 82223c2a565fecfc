package guestlist

import (
	"slices"
	"time"
)

// OwnFields are what every account has a place for, as fields that nobody has
// to answer: name, avatar, and the standard claims (OpenID Connect Core §5.1).
func OwnFields() ProfileFields {
	text := func(name string) ProfileField { return ProfileField{Name: name, Type: ProfileText} }
	parts := func(names ...string) (list []ProfilePart) {
		for _, name := range names {
			list = append(list, ProfilePart{Enabled: true, Name: name, Type: ProfileText})
		}
		return list
	}
	return ProfileFields{
		text("name"), {Name: "avatar", Type: ProfileURL},
		text("givenName"), text("middleName"), text("familyName"), text("nickname"), text("preferredUsername"),
		{Name: "birthdate", Type: ProfileDate}, text("gender"),
		{Name: "website", Type: ProfileURL}, {Name: "profile", Type: ProfileURL},
		text("zoneinfo"), text("locale"),
		{Name: "address", Type: ProfileAddressF, Config: ProfileFieldConfig{
			Parts: parts("streetAddress", "postalCode", "locality", "region", "country"),
		}},
	}
}

// IsClaim reports whether an account keeps values of a name in its Profile, or
// in its name or avatar, and not in its custom data.
func IsClaim(name string) bool { return name == "address" || isOwnProfileName(name) }

// Keeps are the names under which the answers to a field are kept.
func (f ProfileField) Keeps() []string {
	if f.Type == ProfileFullname {
		return enabledParts(f)
	}
	return []string{f.Name}
}

// InputDate is the reverse of ISODate: a day as it is kept, for a browser's date
// input. What is no day is none there.
func (f ProfileField) InputDate(kept string) string {
	layout, _ := dateLayout(f.Config)
	for _, l := range slices.Compact([]string{time.DateOnly, layout}) {
		if day, err := time.Parse(l, kept); err == nil && l != "" {
			return day.Format(time.DateOnly)
		}
	}
	return ""
}
