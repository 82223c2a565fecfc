package management

import (
	"context"
	"encoding/json"
	"net/http"
	"time"

	"guestlist"
	"guestlist/internal/crypt"
	"guestlist/internal/store"
)

// importMargin is how long before the end of an attempt no further lines are
// taken.
const importMargin = 15 * time.Second

// ImportOn runs a job of the kind guestlist.JobImportUsers: it works lines off
// until there are none, or time is short; more says that it wants to be called
// again. Each batch of users is written in one transaction with its verdicts and
// with how far the import is: whatever dies when, every line is done once.
func (a *API) ImportOn(ctx context.Context, payload json.RawMessage) (more bool, err error) {
	var run guestlist.UserImportRun
	if err := json.Unmarshal(payload, &run); err != nil {
		return false, err
	}
	for {
		if ends, ok := ctx.Deadline(); ok && time.Until(ends) < importMargin {
			return true, nil
		}
		if more, err := a.importBatch(ctx, run.ID); err != nil || !more {
			return false, err
		}
	}
}

// FailImport notes that an import was given up. It can be started again.
func (a *API) FailImport(ctx context.Context, payload json.RawMessage, because error) error {
	var run guestlist.UserImportRun
	if err := json.Unmarshal(payload, &run); err != nil {
		return err
	}
	return a.Store.Update(ctx, func(tx *store.Tx) error {
		i, err := tx.UserImportForUpdate(run.ID)
		if err != nil || i.State != guestlist.ImportRunning {
			return ignoreMissing(err)
		}
		i.State, i.Error = guestlist.ImportFailed, guestlist.CodeOf(because)
		return tx.UpdateUserImport(i)
	})
}

// ignoreMissing takes what is gone for nothing to do.
func ignoreMissing(err error) error {
	_, err = has(err)
	return err
}

// importVerdict is what became of a line, as it is kept for the report.
type importVerdict struct {
	verdict
	Field string `json:"field,omitempty"`
	importFacts
}

// importBatch does the next lines of an import, and reports whether there may be
// more.
func (a *API) importBatch(ctx context.Context, id guestlist.UserImportID) (bool, error) {
	var i guestlist.UserImport
	var lines []importLine
	err := a.Store.View(ctx, func(tx *store.Tx) error {
		var err error
		if i, err = tx.UserImport(id); err != nil {
			return err
		}
		lines, err = importPartOf(tx, id, i.Part)
		return err
	})
	if found, err := has(err); err != nil || !found || i.State != guestlist.ImportRunning {
		return false, err
	}
	m, err := newLineMaker(i, i.Choices)
	if err != nil {
		return false, err
	}
	b := importedBatch{api: a, before: i, maker: m, last: len(lines)}
	b.take(lines[min(i.Offset, len(lines)):])
	if err := a.hashBatch(ctx, b.items, false); err != nil {
		return false, err
	}
	for _, item := range b.items {
		// That we are busy is not the fault of the line.
		if k := guestlist.KindOf(item.err); item.err != nil && (k == guestlist.KindInternal || k == guestlist.KindUnavailable || k == guestlist.KindTooMany) {
			return false, item.err
		}
	}
	more := false
	err = a.Store.Update(ctx, func(tx *store.Tx) error {
		var err error
		more, err = b.write(tx)
		return err
	})
	return more, err
}

// importedBatch is some lines of a part of an import.
type importedBatch struct {
	api    *API
	before guestlist.UserImport
	maker  lineMaker
	lines  []importLine
	items  []importItem
	last   int // lines of the part
}

// take makes items of lines, as many as are hashed and written in short time.
func (b *importedBatch) take(lines []importLine) {
	hashes := 0
	for _, line := range lines {
		if hashes == importHashes {
			return
		}
		item := b.maker.item(line)
		item.user.ID = guestlist.UserID(crypt.ShortID())
		if item.plain != "" {
			hashes++
		}
		b.lines, b.items = append(b.lines, line), append(b.items, item)
	}
}

// write makes the users, and says how far the import is then. Where somebody
// else did the same lines meanwhile, nothing happens.
func (b *importedBatch) write(tx *store.Tx) (more bool, err error) {
	i, err := tx.UserImportForUpdate(b.before.ID)
	if found, err := has(err); err != nil || !found || i.State != guestlist.ImportRunning {
		return false, err
	}
	if i.Part != b.before.Part || i.Offset != b.before.Offset {
		return true, nil
	}
	var good []*importItem
	for k := range b.items {
		if b.items[k].err == nil {
			good = append(good, &b.items[k])
		}
	}
	refused := map[int]error{}
	if len(good) > 0 {
		results, err := insertBatch(tx, good, func(u guestlist.User) dataEvent { return b.event(tx, u) })
		if err != nil {
			return false, err
		}
		for k, r := range results {
			refused[good[k].line] = r.Err
		}
	}
	if err := b.report(tx, &i, refused); err != nil {
		return false, err
	}
	return b.advance(tx, i)
}

// event is what hooks are told of a user who was imported.
func (b *importedBatch) event(tx *store.Tx, u guestlist.User) dataEvent {
	id := string(b.before.ID)
	return dataEvent{
		Event: guestlist.EventUserCreated, CreatedAt: tx.Now.ISO(), Data: u, Path: "/user-imports/" + id + "/start",
		Method: http.MethodPost, Status: http.StatusOK, Params: map[string]string{"id": id}, MatchedRoute: "/user-imports/:id/start",
	}
}

// report keeps the verdicts and counts them.
func (b *importedBatch) report(tx *store.Tx, i *guestlist.UserImport, refused map[int]error) error {
	if len(b.items) == 0 {
		return nil
	}
	r := &http.Request{Header: http.Header{"Accept-Language": {i.Choices.Lang}}}
	verdicts := make([]importVerdict, len(b.items))
	for k, item := range b.items {
		v := verdict{Line: item.line, Status: "created", ID: item.user.ID}
		err := item.err
		if err == nil {
			err = refused[item.line]
		}
		if err != nil {
			_, env := b.api.Describe(r, err)
			v = verdict{Line: item.line, Status: "error", Code: env.Code, Message: env.Message, Details: env.Details}
		} else {
			i.Created++
		}
		verdicts[k] = importVerdict{v, faultyField(err), b.maker.facts(b.lines[k])}
	}
	text, err := json.Marshal(verdicts)
	if err != nil {
		return err
	}
	if err := tx.ImportSpool(i.ID).PutVerdicts(i.Done, string(text)); err != nil {
		return err
	}
	i.Done += len(b.items)
	return nil
}

// advance writes how far the import is. Lines that are done are forgotten.
func (b *importedBatch) advance(tx *store.Tx, i guestlist.UserImport) (more bool, err error) {
	i.Offset += len(b.items)
	switch {
	case b.last == 0: // there are no more parts
		now := tx.Now
		i.State, i.FinishedAt, i.ExpiresAt = guestlist.ImportFinished, &now, now.Add(guestlist.KeepFinishedImport)
		if err := tx.Log(guestlist.LogEntry{
			Key: "Action.Users.Import", UserID: i.UserID,
			Extra: map[string]any{"importId": i.ID, "lines": i.Done, "created": i.Created, "refused": i.Done - i.Created},
		}); err != nil {
			return false, err
		}
	case i.Offset >= b.last:
		if err := tx.ImportSpool(i.ID).DropLines(i.Part); err != nil {
			return false, err
		}
		i.Part, i.Offset = i.Part+1, 0
	}
	return i.State == guestlist.ImportRunning, tx.UpdateUserImport(i)
}
