package store

import (
	"database/sql"
	"errors"
	"regexp"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"guestlist"
)

// ErrNotFound says that no row has the id or key. Doors that must give a more
// exact code replace it.
var ErrNotFound error = guestlist.Refuse(guestlist.KindNotFound, "entity.not_found")

// ErrForeignKey says that a row refers to one that does not exist.
var ErrForeignKey error = guestlist.Refuse(guestlist.KindNotFound, "entity.relation_foreign_key_not_found")

// duplicates maps a unique index to what the contract calls its violation.
var duplicates = map[string]*guestlist.Error{
	"users_username_key":                        guestlist.Refuse(guestlist.KindUnprocessable, "user.username_already_in_use"),
	"users_email_key":                           guestlist.Refuse(guestlist.KindUnprocessable, "user.email_already_in_use"),
	"users_primary_phone":                       guestlist.Refuse(guestlist.KindUnprocessable, "user.phone_already_in_use"),
	"resources_indicator":                       guestlist.Refuse(guestlist.KindUnprocessable, "resource.resource_identifier_in_use"),
	"scopes_resource_id_name":                   guestlist.Refuse(guestlist.KindUnprocessable, "scope.name_exists"),
	"roles_name":                                guestlist.Refuse(guestlist.KindUnprocessable, "role.name_in_use"),
	"application_secrets_application_id_name":   guestlist.Refuse(guestlist.KindUnprocessable, "application.secret_name_exists"),
	"user_identities_target_issuer_identity_id": guestlist.Refuse(guestlist.KindUnprocessable, "user.identity_already_in_use"),
	"sso_identities_issuer_identity_id":         guestlist.Refuse(guestlist.KindUnprocessable, "user.identity_already_in_use"),
	"role_scopes_role_id_scope_id":              guestlist.Refuse(guestlist.KindUnprocessable, "role.scope_exists"),
	"user_roles_user_id_role_id":                guestlist.Refuse(guestlist.KindUnprocessable, "role.user_exists"),
	"sso_connectors_connector_name":             guestlist.Refuse(guestlist.KindConflict, "single_sign_on.duplicate_connector_name"),
	"custom_profile_fields_name":                guestlist.Refuse(guestlist.KindUnprocessable, "custom_profile_fields.name_exists"),
	"application_roles_application_id_role_id":  guestlist.Refuse(guestlist.KindUnprocessable, "role.application_exists"),
}

// The codes by which the engines report what went wrong.
const (
	pgUnique        = "23505"
	pgForeignKey    = "23503"
	pgSerialization = "40001"
	pgDeadlock      = "40P01"
	pgRegexp        = "2201B"
)

// explain turns an engine's error into one that the floors above know: no row,
// a duplicate with the contract's code, a missing relation. Anything else
// passes unchanged.
func (d dialect) explain(err error) error {
	if err == nil {
		return nil
	}
	if errors.Is(err, sql.ErrNoRows) {
		return ErrNotFound
	}
	var pg *pgconn.PgError
	var lite *sqlite.Error
	switch {
	case errors.As(err, &pg):
		switch pg.Code {
		case pgUnique:
			return duplicate(pg.ConstraintName, err)
		case pgForeignKey:
			return ErrForeignKey
		case pgRegexp: // one that Go understands and PostgreSQL does not
			return guestlist.Refuse(guestlist.KindInvalid, "request.invalid_input").Because(err)
		}
	case errors.As(err, &lite):
		switch lite.Code() {
		case sqlite3.SQLITE_CONSTRAINT_UNIQUE, sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY:
			return duplicate(sqliteConstraint(lite.Error()), err)
		case sqlite3.SQLITE_CONSTRAINT_FOREIGNKEY:
			return ErrForeignKey
		}
	}
	return err
}

func duplicate(constraint string, cause error) error {
	if e, ok := duplicates[constraint]; ok {
		return e
	}
	return guestlist.Refuse(guestlist.KindUnprocessable, "entity.unique_integrity_violation").Because(cause)
}

// sqliteConstraint names the violated index as PostgreSQL would: SQLite says
// "UNIQUE constraint failed: scopes.resource_id, scopes.name", and the index
// is called scopes_resource_id_name.
func sqliteConstraint(message string) string {
	m := sqliteColumns.FindStringSubmatch(message)
	if m == nil {
		return ""
	}
	var name string
	for i, column := range strings.Split(strings.TrimSpace(m[1]), ", ") {
		table, col, _ := strings.Cut(column, ".")
		if i == 0 {
			name = table
		}
		name += "_" + col
	}
	return name
}

var sqliteColumns = regexp.MustCompile(`UNIQUE constraint failed: ([a-z_., ]+)`)

// isRetryable reports whether running the transaction again may succeed.
func (d dialect) isRetryable(err error) bool {
	var pg *pgconn.PgError
	if errors.As(err, &pg) {
		return pg.Code == pgSerialization || pg.Code == pgDeadlock
	}
	var lite *sqlite.Error
	if errors.As(err, &lite) {
		return lite.Code()&0xff == sqlite3.SQLITE_BUSY
	}
	return false
}
