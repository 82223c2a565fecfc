package management

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"guestlist"
	"guestlist/internal/store"
)

// With many users the dashboard's figures take seconds to count. They are then
// counted in the background, and whoever looks gets those of a moment ago.
const (
	manyUsers      = 50_000          // from here on figures are remembered
	figuresEvery   = 3 * time.Minute // how often they are counted
	figuresGoodFor = 5 * time.Minute // how old one may be
)

// The figures that are remembered.
const (
	figureNew    = "new"
	figureByDay  = "by-day"
	figureActive = "active"
)

// figures are what was counted last. The zero value is ready.
type figures struct {
	many  int // in place of manyUsers, for tests
	mu    sync.Mutex
	known map[string]figure
}

// kept reports whether figures of so many users are remembered.
func (f *figures) kept(users int) bool {
	if f.many != 0 {
		return users >= f.many
	}
	return users >= manyUsers
}

type figure struct {
	value any
	at    guestlist.Time
}

func (f *figures) get(key string, now guestlist.Time) (any, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	known, ok := f.known[key]
	return known.value, ok && now.Sub(known.at) < figuresGoodFor && now.Std().Day() == known.at.Std().Day()
}

func (f *figures) put(key string, now guestlist.Time, value any) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.known == nil {
		f.known = map[string]figure{}
	}
	f.known[key] = figure{value, now}
}

// counted returns a figure: counted now, or a moment ago where there are many
// users.
func counted[T any](ctx context.Context, a *API, key string, count func(*store.Tx) (T, error)) (T, error) {
	var v T
	err := a.Store.View(ctx, func(tx *store.Tx) error {
		users, err := tx.CountUsers()
		if err != nil {
			return err
		}
		if a.figures.kept(users) {
			if known, ok := a.figures.get(key, tx.Now); ok {
				v = known.(T)
				return nil
			}
		}
		if v, err = count(tx); err == nil && a.figures.kept(users) {
			a.figures.put(key, tx.Now, v)
		}
		return err
	})
	return v, err
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

func (a *API) countFigures(ctx context.Context) error {
	for key, count := range map[string]func(*store.Tx) (any, error){
		figureNew:    func(tx *store.Tx) (any, error) { return countNewUsers(tx) },
		figureByDay:  func(tx *store.Tx) (any, error) { return countNewByDay(tx) },
		figureActive: func(tx *store.Tx) (any, error) { return countActive(tx, tx.Now.Std()) },
	} {
		err := a.Store.View(ctx, func(tx *store.Tx) error {
			users, err := tx.CountUsers()
			if err != nil || !a.figures.kept(users) {
				return err
			}
			v, err := count(tx)
			if err == nil {
				a.figures.put(key, tx.Now, v)
			}
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}
