package management

import (
	"encoding/json"
	"net/http"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"guestlist"
	"guestlist/internal/store"
	"guestlist/internal/web"
)

func (a *API) userExportRoutes() []route {
	return []route{
		raw(http.MethodGet, "/api/users/export", "Download users as CSV; search, roleId and state choose as in the list", contentTypeCSV, a.exportUsers),
	}
}

// exportBatch is how many users are read in one transaction. Between two of
// them the database is free, however slowly the file is taken.
const exportBatch = 1000

// exportedSearch are the columns that searches of lists name too.
var exportedSearch = []string{"id", "primary_email", "primary_phone", "username", "name"}

// profileColumns are the claims of a profile, in the order of the type. Their
// names are those that imports take.
var profileColumns = claimsOf(reflect.TypeFor[guestlist.Profile](), "profile.")

func claimsOf(t reflect.Type, prefix string) []string {
	var names []string
	for i := range t.NumField() {
		name, _, _ := strings.Cut(t.Field(i).Tag.Get("json"), ",")
		if inner := t.Field(i).Type; inner.Kind() == reflect.Pointer {
			names = append(names, claimsOf(inner.Elem(), prefix+name+".")...)
			continue
		}
		names = append(names, prefix+name)
	}
	return names
}

// exportUsers streams the users that pass a filter, the newest first. Passwords
// stay here.
func (a *API) exportUsers(c *call) error {
	query, err := web.Query(c.r)
	if err != nil {
		return err
	}
	f := store.UserFilter{OfRole: guestlist.RoleID(query.Get("roleId")), State: store.UserState(query.Get("state"))}
	if f.Search, err = web.ParseSearch(query, exportedSearch); err != nil {
		return err
	}
	if !slices.Contains([]store.UserState{"", store.UsersSuspended, store.UsersLeaving, store.UsersNew}, f.State) {
		inv := web.Invalid{What: "query"}
		inv.Check(false, "state", "invalid_enum_value", "Invalid")
		return inv.Err()
	}
	users, err := a.nextUsers(c, f)
	if err != nil {
		return err
	}
	answer := newCSVAnswer(c, "users.csv")
	if !answer.row(exportColumns()...) {
		return nil
	}
	for len(users) > 0 {
		for _, u := range users {
			cells, err := exportedUser(u)
			if err != nil {
				return broken(err)
			}
			if !answer.row(cells...) {
				return nil // the reader went away
			}
		}
		if !answer.flush() {
			return nil
		}
		f.Before = &users[len(users)-1]
		if len(users) < exportBatch {
			break
		}
		if users, err = a.nextUsers(c, f); err != nil {
			return broken(err)
		}
	}
	answer.flush()
	return nil
}

func (a *API) nextUsers(c *call, f store.UserFilter) ([]guestlist.User, error) {
	var users []guestlist.User
	err := a.Store.View(c.ctx(), func(tx *store.Tx) error {
		var err error
		users, err = tx.NextUsers(f, exportBatch)
		return err
	})
	return users, err
}

func exportColumns() []string {
	return append([]string{
		"id", "username", "primaryEmail", "primaryPhone", "name", "avatar", "isSuspended", "hasPassword", "createdAt", "lastSignInAt",
		"customData",
	}, profileColumns...)
}

func exportedUser(u guestlist.User) ([]string, error) {
	text := func(s *string) string {
		if s == nil {
			return ""
		}
		return *s
	}
	last := ""
	if u.LastSignInAt != nil {
		last = u.LastSignInAt.Std().Format(time.RFC3339)
	}
	cells := []string{
		string(u.ID), text(u.Username), text(u.PrimaryEmail), text(u.PrimaryPhone), text(u.Name), text(u.Avatar),
		strconv.FormatBool(u.IsSuspended), strconv.FormatBool(u.HasPassword), u.CreatedAt.Std().Format(time.RFC3339), last, string(u.CustomData),
	}
	claims, err := json.Marshal(u.Profile)
	if err != nil {
		return nil, err
	}
	var tree map[string]any
	if err := json.Unmarshal(claims, &tree); err != nil {
		return nil, err
	}
	for _, name := range profileColumns {
		var at any = tree
		for _, part := range strings.Split(name, ".")[1:] {
			inner, _ := at.(map[string]any)
			at = inner[part]
		}
		value, _ := at.(string)
		cells = append(cells, value)
	}
	return cells, nil
}
