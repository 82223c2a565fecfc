package management

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"reflect"
	"runtime"
	"strconv"
	"sync"
	"time"

	"guestlist"
	"guestlist/internal/crypt"
	"guestlist/internal/store"
	"guestlist/internal/web"
)

func (a *API) userImportRoutes() []route {
	return []route{
		raw(http.MethodPost, "/api/users/bulk",
			"Create any number of users from NDJSON or CSV, with a verdict per line; repeatable under an Idempotency-Key",
			contentTypeNDJSON, a.importUsers),
	}
}

const contentTypeNDJSON = "application/x-ndjson"

// importPatience is how long an import waits for its caller to send or to take
// the next bytes.
const importPatience = time.Minute

// importItem is a line on its way: a user, or why there can be none.
type importItem struct {
	line      int
	user      guestlist.User
	plain     string // password to be hashed
	temporary bool
	digest    *guestlist.PasswordDigest
	err       error
}

// verdict is what became of a line, in the answer's form.
type verdict struct {
	Line    int              `json:"line"`
	Status  string           `json:"status"` // created, error, or aborted for the import itself
	ID      guestlist.UserID `json:"id,omitempty"`
	Code    string           `json:"code,omitempty"`
	Message string           `json:"message,omitempty"`
	Details string           `json:"details,omitempty"`
}

// userImport is one run of POST /api/users/bulk.
type userImport struct {
	api    *API
	source lineSource
	parser lineParser
	// key is the Idempotency-Key, or "". Under the same key the same line has
	// the same id, so that an import that broke off can be sent again.
	key   string
	queue *importQueue
	*answerStream

	readErr error // of the stream; set before the queue closes
	lines   int   // answered
	created int   // of them now or by an earlier run of the same key
}

func (a *API) importUsers(c *call) error {
	imp := &userImport{api: a, queue: newImportQueue(), answerStream: newAnswerStream(c)}
	if err := imp.open(); err != nil {
		return err
	}
	imp.begin(contentTypeNDJSON)
	var reading sync.WaitGroup
	reading.Go(imp.read)
	err := imp.write()
	imp.queue.close()
	if err != nil {
		_ = imp.conn.SetReadDeadline(time.Now()) // wakes the reader, who may wait for bytes
	}
	reading.Wait()
	imp.finish(err)
	imp.end()
	return nil // the answer is out
}

// open looks at everything that concerns the import as a whole; nothing has
// been answered or changed yet.
func (imp *userImport) open() error {
	var err error
	if imp.key, err = imp.c.idempotencyKey(); err != nil {
		return err
	}
	var format string
	if imp.source, format, err = openRows(imp.c.r, &patientReader{imp.c.r.Body, imp.conn}); err != nil {
		return err
	}
	if format == formatNDJSON {
		imp.parser = ndjsonParser{importSchema()}
		return nil
	}
	header, err := headerOf(imp.source, errLineCSV)
	if err != nil {
		return err
	}
	imp.parser, err = newCSVParser(importSchema(), header)
	return err
}

// importSchema is the schema of a line.
var importSchema = sync.OnceValue(func() *schema { return requestOf(reflect.TypeFor[newUser]()) })

// patientReader gives the caller importPatience for each read, and as long to
// begin reading the answer: while bytes come in, nobody is lost.
type patientReader struct {
	io.Reader
	conn *http.ResponseController
}

func (r *patientReader) Read(p []byte) (int, error) {
	soon := time.Now().Add(importPatience)
	_ = r.conn.SetReadDeadline(soon) // in process there is no connection, and no need
	_ = r.conn.SetWriteDeadline(soon)
	return r.Reader.Read(p)
}

// read makes items of the lines until the stream ends or nobody wants more.
func (imp *userImport) read() {
	defer imp.queue.close()
	for {
		line, err := imp.source.next()
		if line.number > 0 && !imp.queue.put(imp.item(line)) {
			return
		}
		if err != nil {
			if !errors.Is(err, io.EOF) {
				imp.readErr = err
			}
			return
		}
	}
}

// item makes the user of a line.
func (imp *userImport) item(line sourceLine) importItem {
	item := importItem{line: line.number, err: line.fault}
	if item.err != nil {
		return item
	}
	n, err := imp.parser.parse(line.text)
	if err == nil {
		item.user, item.plain, item.digest, err = n.user()
	}
	item.temporary, item.err = n.PasswordIsTemporary, err
	item.user.HasPassword = item.plain != "" || item.digest != nil
	item.user.ID = guestlist.UserID(crypt.ShortID())
	if imp.key != "" {
		sum := sha256.Sum256(line.text)
		item.user.ID = guestlist.UserID(crypt.DerivedID(imp.api.Store.Key(), purposeImport, string(imp.c.who.ClientID),
			string(imp.c.who.UserID), imp.key, strconv.Itoa(line.number), base64.RawStdEncoding.EncodeToString(sum[:])))
	}
	return item
}

// purposeImport keeps the ids of imports apart from other derived ones.
const purposeImport = "user.import"

// write takes batches, stores them and answers. It fails when the caller went
// away, or when the store did.
func (imp *userImport) write() error {
	for {
		batch := imp.queue.take()
		if len(batch) == 0 {
			return nil
		}
		if err := imp.c.ctx().Err(); err != nil {
			return err
		}
		if err := imp.store(batch); err != nil {
			return err
		}
		if err := imp.answer(batch); err != nil {
			return err
		}
	}
}

// store creates the users of a batch in one transaction. What became of each
// is in its err.
func (imp *userImport) store(batch []importItem) error {
	ctx := imp.c.ctx()
	if err := imp.api.hashBatch(ctx, batch, imp.key != ""); err != nil {
		return err
	}
	var good []*importItem
	for i := range batch {
		if batch[i].err == nil {
			good = append(good, &batch[i])
		}
	}
	if len(good) == 0 {
		return nil
	}
	var results []store.Insertion
	err := imp.api.Store.Update(ctx, func(tx *store.Tx) error {
		var err error
		results, err = insertBatch(tx, good, func(u guestlist.User) dataEvent { return imp.c.event(tx, guestlist.EventUserCreated, u) })
		return err
	})
	if err != nil {
		return err
	}
	for k, item := range good {
		item.err = results[k].Err
		if !results[k].New && results[k].Err == nil && imp.key == "" {
			item.err = guestlist.Refuse(guestlist.KindUnprocessable, "entity.unique_integrity_violation")
		}
	}
	return nil
}

// insertBatch writes users, gives those who are new the default roles and tells
// the hooks. event makes what they are told of one.
func insertBatch(tx *store.Tx, items []*importItem, event func(guestlist.User) dataEvent) ([]store.Insertion, error) {
	users := make([]store.NewUser, len(items))
	for k, item := range items {
		item.user.CreatedAt, item.user.UpdatedAt = tx.Now, tx.Now
		users[k] = store.NewUser{User: item.user, Password: item.digest}
	}
	results, err := tx.InsertUsers(users)
	if err != nil {
		return nil, err
	}
	wanted, err := tx.IsWanted(guestlist.EventUserCreated)
	if err != nil {
		return nil, err
	}
	var ids []guestlist.UserID
	var events []guestlist.Event
	for k, r := range results {
		if !r.New {
			continue
		}
		ids = append(ids, users[k].User.ID)
		if !wanted {
			continue
		}
		e := event(users[k].User)
		payload, err := json.Marshal(e)
		if err != nil {
			return nil, err
		}
		events = append(events, guestlist.Event{Key: e.Event, Payload: payload})
	}
	if err := tx.GiveDefaultRoles(ids...); err != nil {
		return nil, err
	}
	return results, tx.EmitAll(events)
}

// hashBatch computes the digests of a batch's passwords, on every core at once
// but on none twice: people sign in meanwhile. Who is there already, by an
// earlier run that may have been, costs nothing.
func (a *API) hashBatch(ctx context.Context, batch []importItem, ranBefore bool) error {
	var todo []*importItem
	var ids []guestlist.UserID
	for i := range batch {
		if batch[i].err == nil && batch[i].plain != "" {
			todo, ids = append(todo, &batch[i]), append(ids, batch[i].user.ID)
		}
	}
	if len(todo) == 0 {
		return nil
	}
	var known map[guestlist.UserID]bool
	if ranBefore {
		if err := a.Store.View(ctx, func(tx *store.Tx) error {
			var err error
			known, err = tx.KnownUsers(ids)
			return err
		}); err != nil {
			return err
		}
	}
	var workers sync.WaitGroup
	work := make(chan *importItem)
	for range min(runtime.GOMAXPROCS(0), len(todo)) {
		workers.Go(func() {
			for item := range work {
				item.digest, item.err = a.digestOf(ctx, item.plain, item.temporary)
			}
		})
	}
	for _, item := range todo {
		if !known[item.user.ID] {
			work <- item
		}
	}
	close(work)
	workers.Wait()
	return ctx.Err()
}

// answer writes the verdicts of a batch and sends them off.
func (imp *userImport) answer(batch []importItem) error {
	var b []byte
	for _, item := range batch {
		v := verdict{Line: item.line, Status: "created", ID: item.user.ID}
		if item.err != nil {
			v = imp.refusal(item.line, "error", item.err)
		} else {
			imp.created++
		}
		imp.lines++
		text, err := json.Marshal(v)
		if err != nil {
			return err
		}
		b = append(append(b, text...), '\n')
	}
	return imp.spool.write(b)
}

func (imp *userImport) refusal(line int, status string, err error) verdict {
	_, env := imp.api.Describe(imp.c.r, err)
	return verdict{Line: line, Status: status, Code: env.Code, Message: env.Message, Details: env.Details}
}

// finish writes one line of the audit log, and tells a caller who is still there
// that an import broke off; it can be sent again under its key.
func (imp *userImport) finish(failed error) {
	if failed == nil && imp.readErr != nil {
		failed = guestlist.Refuse(guestlist.KindInvalid, "request.body_unreadable").Because(imp.readErr)
	}
	entry := guestlist.LogEntry{
		Key: "Action.Users.Import", Failed: failed != nil, UserID: imp.c.who.UserID, ApplicationID: imp.c.who.ClientID,
		UserAgent: imp.c.r.UserAgent(),
		Extra:     map[string]any{"lines": imp.lines, "created": imp.created, "refused": imp.lines - imp.created},
	}
	if ip := web.ClientIP(imp.c.r, imp.api.TrustedProxies); ip.IsValid() {
		entry.IP = ip.String()
	}
	if failed != nil {
		v := imp.refusal(0, "aborted", failed)
		entry.Error = v.Code
		if text, err := json.Marshal(v); err == nil {
			_ = imp.spool.write(append(text, '\n')) // whoever went away does not read it
		}
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(imp.c.ctx()), importPatience)
	defer cancel()
	if err := imp.api.Store.Update(ctx, func(tx *store.Tx) error { return tx.Log(entry) }); err != nil {
		imp.api.Log.LogAttrs(ctx, slog.LevelError, "an import is not in the audit log", slog.String("error", err.Error()))
	}
}
