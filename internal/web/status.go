package web

import (
	"context"
	"errors"
	"net/http"

	"guestlist"
)

// StatusClientClosed is logged when the caller went away before its answer.
// No caller ever sees it.
const StatusClientClosed = 499

// statuses is the only place where a kind of failure becomes an HTTP status.
var statuses = [...]int{
	guestlist.KindInternal:        http.StatusInternalServerError,
	guestlist.KindInvalid:         http.StatusBadRequest,
	guestlist.KindUnprocessable:   http.StatusUnprocessableEntity,
	guestlist.KindUnauthenticated: http.StatusUnauthorized,
	guestlist.KindForbidden:       http.StatusForbidden,
	guestlist.KindNotFound:        http.StatusNotFound,
	guestlist.KindMethod:          http.StatusMethodNotAllowed,
	guestlist.KindConflict:        http.StatusConflict,
	guestlist.KindGone:            http.StatusGone,
	guestlist.KindStale:           http.StatusPreconditionFailed,
	guestlist.KindTooLarge:        http.StatusRequestEntityTooLarge,
	guestlist.KindMediaType:       http.StatusUnsupportedMediaType,
	guestlist.KindTooMany:         http.StatusTooManyRequests,
	guestlist.KindNotImplemented:  http.StatusNotImplemented,
	guestlist.KindUnavailable:     http.StatusServiceUnavailable,
}

// Status returns the HTTP status of an error. An error that is no
// *guestlist.Error is 500, except that of a caller who went away.
func Status(err error) int {
	var e *guestlist.Error
	if errors.As(err, &e) {
		if e.Kind != guestlist.KindInternal && int(e.Kind) > 0 && int(e.Kind) < len(statuses) {
			return statuses[e.Kind]
		}
	}
	if errors.Is(err, context.Canceled) {
		return StatusClientClosed
	}
	return http.StatusInternalServerError
}
