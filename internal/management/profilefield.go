package management

import (
	"errors"
	"slices"
	"strconv"
	"strings"

	"guestlist"
	"guestlist/internal/crypt"
	"guestlist/internal/store"
	"guestlist/internal/web"
)

// nameProfileField is how refusals call a field.
const nameProfileField = "custom_profile_field"

func (a *API) profileFieldRoutes() []route {
	return []route{
		get("/api/custom-profile-fields", "List custom profile fields", a.listProfileFields),
		post("/api/custom-profile-fields", "Create a custom profile field", a.createProfileField).with201(),
		post("/api/custom-profile-fields/batch", "Create several custom profile fields", a.createProfileFields).with201(),
		post("/api/custom-profile-fields/properties/sie-order", "Put custom profile fields in order", a.orderProfileFields),
		get("/api/custom-profile-fields/{name}", "Get a custom profile field", a.getProfileField).of(profileFieldVersion),
		put("/api/custom-profile-fields/{name}", "Replace a custom profile field", a.putProfileField).of(profileFieldVersion),
		remove("/api/custom-profile-fields/{name}", "Delete a custom profile field", a.deleteProfileField).of(profileFieldVersion),
	}
}

func (a *API) listProfileFields(c *call, _ struct{}) (guestlist.ProfileFields, error) {
	var fields guestlist.ProfileFields
	err := a.Store.View(c.ctx(), func(tx *store.Tx) error {
		var err error
		fields, err = tx.ProfileFields()
		return err
	})
	return fields, err
}

// profileFieldInput is what a field is created and replaced with.
type profileFieldInput struct {
	Type        guestlist.ProfileFieldType    `json:"type" check:"decides,enum=Text|Number|Date|Checkbox|Select|Url|Regex|Address|Fullname"`
	Label       *string                       `json:"label" check:"min=1,max=128"`
	Description *string                       `json:"description" check:"max=256"`
	Required    bool                          `json:"required"`
	Config      *guestlist.ProfileFieldConfig `json:"config"`
}

type newProfileField struct {
	Name string `json:"name"`
	profileFieldInput
}

// shape notes what is missing for the type. kept says that the field has a
// config already.
func (in profileFieldInput) shape(inv *web.Invalid, path string, kept bool) {
	missing := func(member, kind string, absent bool) {
		if absent {
			inv.Type(join(path, member), kind, "undefined")
		}
	}
	if in.Type == guestlist.ProfileCheckbox && in.Required {
		inv.Check(false, join(path, "required"), "invalid_literal", "Invalid literal value, expected false")
	}
	if in.Config == nil {
		needs := []guestlist.ProfileFieldType{
			guestlist.ProfileSelect, guestlist.ProfileRegex, guestlist.ProfileAddressF, guestlist.ProfileFullname,
		}
		missing("config", kindObject, !kept && slices.Contains(needs, in.Type))
		return
	}
	switch c := in.Config; in.Type {
	case guestlist.ProfileDate, guestlist.ProfileRegex:
		missing("config.format", kindString, c.Format == "")
	case guestlist.ProfileCheckbox:
		missing("config.defaultValue", kindString, c.DefaultValue == "")
	case guestlist.ProfileSelect:
		missing("config.options", kindArray, c.Options == nil)
	case guestlist.ProfileAddressF, guestlist.ProfileFullname:
		missing("config.parts", kindArray, c.Parts == nil)
	case guestlist.ProfileText, guestlist.ProfileNumber, guestlist.ProfileURL: // nothing is needed
	}
}

// onto writes what is given into a field and judges the outcome.
func (in profileFieldInput) onto(f *guestlist.ProfileField) error {
	f.Type, f.Required = in.Type, in.Required
	set(&f.Label, in.Label)
	if in.Description != nil {
		f.Description = in.Description
	}
	set(&f.Config, in.Config)
	f.Config = f.Config.For(f.Type)
	return f.Refusal()
}

func (a *API) createProfileField(c *call, in struct{ Body newProfileField }) (guestlist.ProfileField, error) {
	fields, err := a.addProfileFields(c, []newProfileField{in.Body}, func(int) string { return "" })
	if err != nil {
		return guestlist.ProfileField{}, err
	}
	return fields[0], nil
}

func (a *API) createProfileFields(c *call, in struct {
	Body []newProfileField `check:"max=100"`
},
) ([]guestlist.ProfileField, error) {
	return a.addProfileFields(c, in.Body, strconv.Itoa)
}

// addProfileFields writes all fields or none. path tells where one stands in
// the body.
func (a *API) addProfileFields(c *call, given []newProfileField, path func(int) string) ([]guestlist.ProfileField, error) {
	var inv web.Invalid
	added := make([]guestlist.ProfileField, len(given))
	for i, in := range given {
		in.shape(&inv, path(i), false)
	}
	if err := inv.Err(); err != nil {
		return nil, err
	}
	for i, in := range given {
		added[i] = guestlist.ProfileField{TenantID: guestlist.TenantID, ID: guestlist.ProfileFieldID(crypt.ID()), Name: in.Name}
		if err := in.onto(&added[i]); err != nil {
			return nil, err
		}
	}
	return added, a.Store.Update(c.ctx(), func(tx *store.Tx) error {
		there, err := tx.ProfileFields()
		if err != nil {
			return err
		}
		if len(there)+len(added) > guestlist.MaxProfileFields {
			return guestlist.Refuse(guestlist.KindUnprocessable, "custom_profile_fields.too_many").
				WithArgs(map[string]any{"max": guestlist.MaxProfileFields})
		}
		last := 0
		for _, f := range there {
			last = max(last, f.SIEOrder)
		}
		for i := range added {
			added[i].CreatedAt, added[i].SIEOrder = tx.Now, last+1+i
			if err := tx.InsertProfileField(added[i]); err != nil {
				return err
			}
		}
		return nil
	})
}

type profileFieldName struct {
	Name string `path:"name"`
}

func (a *API) getProfileField(c *call, in profileFieldName) (guestlist.ProfileField, error) {
	var f guestlist.ProfileField
	err := a.Store.View(c.ctx(), func(tx *store.Tx) error {
		var err error
		f, err = tx.ProfileField(in.Name)
		return err
	})
	return f, err
}

func (a *API) putProfileField(c *call, in struct {
	Name string `path:"name"`
	Body profileFieldInput
},
) (guestlist.ProfileField, error) {
	var f guestlist.ProfileField
	err := a.Store.Update(c.ctx(), func(tx *store.Tx) error {
		var err error
		if f, err = tx.ProfileField(in.Name); err != nil {
			return orNone(err, nameProfileField)
		}
		var inv web.Invalid
		in.Body.shape(&inv, "", f.Type == in.Body.Type)
		if err := inv.Err(); err != nil {
			return err
		}
		if err := in.Body.onto(&f); err != nil {
			return err
		}
		return tx.UpdateProfileField(f)
	})
	return f, err
}

// deleteProfileField removes a field, also from those that are asked at
// sign-up.
func (a *API) deleteProfileField(c *call, in profileFieldName) (none, error) {
	return none{}, a.Store.Update(c.ctx(), func(tx *store.Tx) error {
		if err := tx.DeleteProfileField(in.Name); err != nil {
			return err
		}
		exp, err := tx.SignInExperience()
		if err != nil || exp.SignUpProfileFields == nil {
			return err
		}
		left := slices.DeleteFunc(slices.Clone(*exp.SignUpProfileFields), func(n guestlist.ProfileFieldName) bool { return n.Name == in.Name })
		if len(left) == len(*exp.SignUpProfileFields) {
			return nil
		}
		exp.SignUpProfileFields = &left
		return tx.PutSignInExperience(exp)
	})
}

// placedField is a field and its place.
type placedField struct {
	Name     string `json:"name" check:"max=128"`
	SIEOrder int    `json:"sieOrder" check:"min=0,max=1048576"`
}

func (a *API) orderProfileFields(c *call, in struct {
	Body struct {
		Order []placedField `json:"order" check:"max=100"`
	}
},
) ([]guestlist.ProfileField, error) {
	if len(in.Body.Order) == 0 {
		return nil, errNothingToChange
	}
	if err := conflict(in.Body.Order); err != nil {
		return nil, err
	}
	var fields []guestlist.ProfileField
	err := a.Store.Update(c.ctx(), func(tx *store.Tx) error {
		fields = nil
		var unknown []string
		for _, place := range in.Body.Order {
			f, err := tx.ProfileField(place.Name)
			if errors.Is(err, store.ErrNotFound) {
				unknown = append(unknown, clip(place.Name))
				continue
			}
			if err != nil {
				return err
			}
			f.SIEOrder = place.SIEOrder
			fields = append(fields, f)
			if err := tx.UpdateProfileField(f); err != nil {
				return err
			}
		}
		if len(unknown) > 0 {
			return guestlist.Refuse(guestlist.KindInvalid, "custom_profile_fields.entity_not_exists_with_names").
				WithArgs(map[string]any{"names": strings.Join(unknown, ", ")})
		}
		return nil
	})
	return fields, err
}

// conflict refuses an order that puts a field in two places, or two fields in
// one.
func conflict(order []placedField) error {
	names, places := map[string]bool{}, map[int]bool{}
	for _, p := range order {
		if names[p.Name] || places[p.SIEOrder] {
			return guestlist.Refuse(guestlist.KindInvalid, "custom_profile_fields.conflicted_sie_order")
		}
		names[p.Name], places[p.SIEOrder] = true, true
	}
	return nil
}
