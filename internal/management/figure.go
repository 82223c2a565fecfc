package management

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"guestlist"
	"guestlist/internal/store"
)

// How many different people were active in a week or a month takes seconds to
// count among many. It is then counted in the background and kept in the database,
// and whoever looks gets what was counted last: also right after a start, and
// right after midnight.
const (
	manyUsers    = 50_000          // from here on figures are kept
	figuresEvery = 3 * time.Minute // how often they are counted
)

// figureActive is the name of the figure that is kept.
const figureActive = "active"

// figures say when figures are kept. The zero value is ready.
type figures struct {
	many int // in place of manyUsers, for tests
}

// kept reports whether figures of so many users are kept.
func (f figures) kept(users int) bool {
	if f.many != 0 {
		return users >= f.many
	}
	return users >= manyUsers
}

// activeFigures returns how many were active in the last week and month: counted
// now, or what was counted last where there are many users.
func (a *API) activeFigures(tx *store.Tx) (activePeriods, error) {
	var p activePeriods
	users, err := tx.CountUsers()
	if err != nil {
		return p, err
	}
	if a.figures.kept(users) {
		if _, err := tx.Figure(figureActive, &p); !errors.Is(err, store.ErrNotFound) {
			return p, err
		}
	}
	return countPeriods(tx, tx.Now.Std())
}

// KeepFigures counts the dashboard's figures now and then until ctx ends, if
// there are so many users that nobody should wait for it.
func (a *API) KeepFigures(ctx context.Context) {
	ticks := time.NewTicker(figuresEvery)
	defer ticks.Stop()
	for {
		if err := a.countFigures(ctx); err != nil && ctx.Err() == nil {
			a.Log.LogAttrs(ctx, slog.LevelWarn, "figures not counted", slog.String("error", err.Error()))
		}
		select {
		case <-ctx.Done():
			return
		case <-ticks.C:
		}
	}
}

// countFigures counts what is kept, unless another process just did.
func (a *API) countFigures(ctx context.Context) error {
	var p activePeriods
	var at guestlist.Time
	counted := false
	if err := a.Store.View(ctx, func(tx *store.Tx) error {
		users, err := tx.CountUsers()
		if err != nil || !a.figures.kept(users) {
			return err
		}
		last, err := tx.Figure(figureActive, &p)
		if err == nil && tx.Now.Sub(last) < figuresEvery/2 {
			return nil
		}
		if err != nil && !errors.Is(err, store.ErrNotFound) {
			return err
		}
		at, counted = tx.Now, true
		p, err = countPeriods(tx, tx.Now.Std())
		return err
	}); err != nil || !counted {
		return err
	}
	return a.Store.Update(ctx, func(tx *store.Tx) error { return tx.PutFigure(figureActive, p, at) })
}
