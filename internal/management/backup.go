package management

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"os"
	"strconv"
	"time"

	"guestlist"
	"guestlist/internal/store"
	"guestlist/internal/web"
)

// The manner in which a backup is sent: in pieces, for each of which the reader
// has some time.
const (
	backupPiece    = 256 << 10 // bytes
	backupPatience = time.Minute
)

const contentTypeSQLite = "application/vnd.sqlite3"

func (a *API) backupRoutes() []route {
	return []route{
		raw(http.MethodGet, "/api/backup", "Download a consistent copy of a SQLite database; the secret key is not in it", contentTypeSQLite, a.downloadBackup).secrets(),
	}
}

// downloadBackup streams a copy of the database. It is everything that we have
// of everybody, though what is sealed stays sealed: who took it stands in the
// audit log.
func (a *API) downloadBackup(c *call) error {
	return a.Store.Snapshot(c.ctx(), func(f *os.File, size int64) error {
		if err := a.logBackup(c.ctx(), c, size); err != nil {
			return err
		}
		h := c.w.Header()
		h.Set("Content-Type", contentTypeSQLite)
		h.Set("Content-Disposition", `attachment; filename="guestlist-`+a.Store.Now().Std().Format("20060102-150405")+`.db"`)
		h.Set("Content-Length", strconv.FormatInt(size, 10))
		h.Set("X-Content-Type-Options", "nosniff")
		c.w.WriteHeader(c.status)
		a.sendBackup(c, f)
		return nil
	})
}

// sendBackup sends a file. Nothing can be refused any more: half of it must not
// look like the whole, so the connection is cut.
func (a *API) sendBackup(c *call, f io.Reader) {
	conn := http.NewResponseController(c.w)
	piece := make([]byte, backupPiece)
	for {
		n, err := io.ReadFull(f, piece)
		if n > 0 {
			_ = conn.SetWriteDeadline(time.Now().Add(backupPatience)) // in process there is no connection
			if _, err := c.w.Write(piece[:n]); err != nil {
				return // the reader went away
			}
			if conn.Flush() != nil {
				return
			}
		}
		switch err {
		case nil:
		case io.EOF, io.ErrUnexpectedEOF:
			return
		default:
			a.Log.LogAttrs(c.ctx(), slog.LevelError, "a backup broke off", slog.String("error", err.Error()))
			panic(http.ErrAbortHandler)
		}
	}
}

func (a *API) logBackup(ctx context.Context, c *call, size int64) error {
	entry := guestlist.LogEntry{
		Key: "Action.Backup.Download", UserID: c.who.UserID, ApplicationID: c.who.ClientID, UserAgent: c.r.UserAgent(),
		Extra: map[string]any{"bytes": size},
	}
	if ip := web.ClientIP(c.r, a.TrustedProxies); ip.IsValid() {
		entry.IP = ip.String()
	}
	return a.Store.Update(ctx, func(tx *store.Tx) error { return tx.Log(entry) })
}
