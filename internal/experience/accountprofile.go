package experience

import (
	"encoding/json"
	"strconv"
	"strings"

	"guestlist"
	"guestlist/internal/signin"
	"guestlist/internal/web"
)

const fieldUsername = "username"

// ownFields are the inputs of this page.
func (v *visit) ownFields() ([]asks, error) {
	first, more, err := v.d.Desk.AccountFields(v.r.Context())
	if v.r.URL.Path == pageAccountDetails {
		first = more
	}
	return v.asksOf(first), err
}

func getAccountProfile(v *visit) error {
	p, _, err := v.accountProfilePage()
	if err != nil {
		return err
	}
	return v.own(p)
}

func (v *visit) accountProfilePage() (*web.Page, []asks, error) {
	all, err := v.ownFields()
	if err != nil {
		return nil, nil, err
	}
	known, err := v.knownOf()
	if err != nil {
		return nil, nil, err
	}
	more := v.r.URL.Path == pageAccountDetails
	key := "account.profile."
	if more {
		key = "account.details."
	}
	p := &web.Page{
		Name: "account-profile", Title: v.t(key + "title"), Lead: web.Plain(v.t(key + "lead")),
		Form: &web.Form{Action: v.link(v.r.URL.Path), Submit: v.t("account.save")},
	}
	if more {
		p.Name = "account-details"
	}
	if !more && v.hasUsername() {
		p.Form.Fields = append(p.Form.Fields, v.usernameField())
	}
	for _, a := range all {
		value := known(a)
		if v.form != nil {
			value = v.form.Get(fieldProfile + a.path)
		}
		f := v.input(a, value)
		if f.Optional { // all is, or is said to be at its field by the host
			f.Label = v.labelOf(a.ProfileField)
		}
		p.Form.Fields = append(p.Form.Fields, f)
		if f.Name == fieldAvatar && !more {
			p.Form.Fields = append(p.Form.Fields, v.pictureField())
		}
	}
	return p, all, nil
}

// hasUsername reports whether the account has, or could have, a username.
func (v *visit) hasUsername() bool { return signin.UsesUsernames(v.exp) }

func (v *visit) usernameField() web.Field {
	f := web.Field{
		Name: fieldUsername, Label: v.t("field.username"), Hint: v.usernameHint(), Value: text(v.acct.User.Username),
		Autocomplete: "username", Max: guestlist.MaxUsernameLength, Optional: v.acct.User.Username == nil,
	}
	if v.form != nil {
		f.Value = v.form.Get(fieldUsername)
	}
	return f
}

// knownOf returns what is known of the person, by the name of an input.
func (v *visit) knownOf() (func(asks) string, error) {
	profile, custom := map[string]any{}, map[string]any{}
	raw, err := json.Marshal(v.acct.User.Profile)
	if err != nil {
		return nil, err
	}
	if err := json.Unmarshal(raw, &profile); err != nil {
		return nil, err
	}
	if len(v.acct.User.CustomData) > 0 {
		if err := json.Unmarshal(v.acct.User.CustomData, &custom); err != nil {
			return nil, err
		}
	}
	profile["name"], profile["avatar"] = text(v.acct.User.Name), text(v.acct.User.Avatar)
	return func(a asks) string {
		head, part, isPart := strings.Cut(a.path, ".")
		values := custom
		if guestlist.IsClaim(head) {
			values = profile
		}
		value := values[head]
		if object, ok := value.(map[string]any); ok && isPart {
			value = object[part]
		}
		return asInput(a, value)
	}, nil
}

// asInput writes a kept value as an input takes it.
func asInput(a asks, value any) string {
	switch x := value.(type) {
	case string:
		if a.Type == guestlist.ProfileDate {
			return a.InputDate(x)
		}
		return x
	case float64:
		return strconv.FormatFloat(x, 'f', -1, 64)
	case bool:
		return strconv.FormatBool(x)
	}
	return ""
}

func postAccountProfile(v *visit) error {
	refused := v.takePicture()
	p, all, err := v.accountProfilePage()
	if err != nil {
		return err
	}
	if refused != nil {
		return v.pictureRefused(p, refused)
	}
	c := signin.ChangeProfile{Values: v.answers(all), More: v.r.URL.Path == pageAccountDetails}
	if typed := strings.TrimSpace(v.form.Get(fieldUsername)); !c.More && v.hasUsername() && (typed != "" || v.acct.User.Username != nil) {
		if !guestlist.IsUsername(typed) {
			problem := v.username()
			if typed == "" {
				problem = v.t("problem.required")
			}
			wrong(p, fieldUsername, problem)
			return v.again(v.withBack(p))
		}
		c.Username = &typed
	}
	err = v.changeOwn(c)
	switch {
	case err == nil:
		return v.done(PathAccount, "account.saved")
	case v.markAnswers(p, all, err):
		return v.again(v.withBack(p))
	case strings.HasPrefix(guestlist.CodeOf(err), "user.username_"):
		_, text := v.explain(err)
		wrong(p, fieldUsername, text)
		return v.again(v.withBack(p))
	}
	return v.turnedDown(p, err)
}
