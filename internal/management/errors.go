package management

import (
	"errors"

	"guestlist"
	"guestlist/internal/store"
)

// The refusals that several resources share.
var (
	errNothingToChange = guestlist.Refuse(guestlist.KindUnprocessable, "entity.invalid_input")
	errConstraint      = guestlist.Refuse(guestlist.KindUnprocessable, "entity.db_constraint_violated")
	errRelation        = guestlist.Refuse(guestlist.KindUnprocessable, "entity.relation_foreign_key_not_found")
)

// errNoID says that a table has no row of an id.
func errNoID[ID ~string](table string, id ID) error {
	return guestlist.Refuse(guestlist.KindNotFound, "entity.not_exists_with_id").
		WithArgs(map[string]any{"name": table, "id": clip(string(id))})
}

// errNone says that what was to be changed does not exist.
func errNone(name string) error {
	return guestlist.Refuse(guestlist.KindNotFound, "entity.not_exists").WithArgs(map[string]any{"name": name})
}

// orNoID turns the store's "not found" into that of an id.
func orNoID[ID ~string](err error, table string, id ID) error {
	if errors.Is(err, store.ErrNotFound) {
		return errNoID(table, id)
	}
	return err
}

// orNone turns the store's "not found" into that of an update.
func orNone(err error, name string) error {
	if errors.Is(err, store.ErrNotFound) {
		return errNone(name)
	}
	return err
}

// orRelation turns a missing relation into the refusal of those routes that
// answer 422 for it.
func orRelation(err error) error {
	if errors.Is(err, store.ErrForeignKey) || errors.Is(err, store.ErrNotFound) {
		return errRelation
	}
	return err
}

// withArgs fills the placeholders of a refusal with a certain code.
func withArgs(err error, code string, args map[string]any) error {
	var e *guestlist.Error
	if errors.As(err, &e) && e.Code == code {
		return e.WithArgs(args)
	}
	return err
}

// errInput says what is wrong where no schema can.
func errInput(kind guestlist.Kind, details string) error {
	return guestlist.Refuse(kind, "request.invalid_input").WithArgs(map[string]any{"details": details})
}

// errTwoExclusions refuses a list that is to leave out two things at once.
func errTwoExclusions() error {
	return errInput(guestlist.KindInvalid, "Give excludeRoleId or excludeOrganizationId, not both.")
}

// has turns the store's "not found" into false.
func has(err error) (bool, error) {
	if errors.Is(err, store.ErrNotFound) {
		return false, nil
	}
	return err == nil, err
}

// set writes a member that was given.
func set[T any](to *T, given *T) {
	if given != nil {
		*to = *given
	}
}
