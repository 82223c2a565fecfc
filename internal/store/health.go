package store

import (
	"guestlist"
)

// MaxCounted is where the counts of Health stop: a queue that is longer is
// long, and counting it must not cost more than that.
const MaxCounted = 10_000

// Health is how it stands with the database and with what is to be done. Its
// JSON is the wire format of /api/system.
type Health struct {
	Engine         string       `json:"engine"` // "sqlite" or "postgres"
	EngineVersion  string       `json:"engineVersion"`
	SchemaVersion  int64        `json:"schemaVersion"`
	SizeBytes      int64        `json:"sizeBytes"`
	Jobs           []QueuedKind `json:"jobs"`           // of the kinds that there are, by name
	JobsCapped     bool         `json:"jobsCapped"`     // counting stopped at MaxCounted
	FailedMessages int          `json:"failedMessages"` // MaxCounted at most
}

// QueuedKind is what is to be done of one kind of jobs.
type QueuedKind struct {
	Kind    string `json:"kind"`
	Queued  int    `json:"queued"`
	Running int    `json:"running"`
	Dead    int    `json:"dead"` // given up, and kept for KeepJobs

	// OldestAt is when the oldest unfinished job was written, and DueAt when the
	// next one is to run: long past if nobody works them off.
	OldestAt *guestlist.Time `json:"oldestAt"`
	DueAt    *guestlist.Time `json:"dueAt"`
}

// Health looks how it stands.
func (tx *Tx) Health() (Health, error) {
	h := Health{Engine: tx.s.dialect.name}
	if err := tx.row(tx.s.dialect.version, nil, &h.EngineVersion); err != nil {
		return h, err
	}
	if err := tx.row(tx.s.dialect.size, nil, &h.SizeBytes); err != nil {
		return h, err
	}
	if err := tx.row("SELECT MAX(version_id) FROM goose_db_version", nil, &h.SchemaVersion); err != nil {
		return h, err
	}
	var err error
	if h.Jobs, h.JobsCapped, err = tx.queued(); err != nil {
		return h, err
	}
	h.FailedMessages, err = tx.countRows(failedMessages, nil, MaxCounted)
	return h, err
}

// queued counts jobs by kind. Those that are done do not count.
func (tx *Tx) queued() (kinds []QueuedKind, capped bool, err error) {
	of := map[string]int{}
	kinds = []QueuedKind{}
	total := 0
	err = tx.rows(func(sc scanner) error {
		var kind string
		var state JobState
		var n int
		var oldest, due guestlist.Time
		if err := sc.Scan(&kind, &state, &n, &oldest, &due); err != nil {
			return err
		}
		i, ok := of[kind]
		if !ok {
			i = len(kinds)
			of[kind], kinds = i, append(kinds, QueuedKind{Kind: kind})
		}
		kinds[i].add(state, n, oldest, due)
		capped = capped || n == MaxCounted
		if state != JobDead {
			total += n
		}
		return nil
	}, `SELECT kind, state, COUNT(*), MIN(created_at), MIN(run_at) FROM (
			SELECT kind, state, created_at, run_at FROM jobs WHERE finished_at IS NULL LIMIT $1) AS pending GROUP BY kind, state
		UNION ALL SELECT kind, state, COUNT(*), MIN(created_at), MIN(run_at) FROM (
			SELECT kind, state, created_at, run_at FROM jobs WHERE state = 'dead' LIMIT $1) AS dead GROUP BY kind, state
		ORDER BY 1, 2`, MaxCounted)
	return kinds, capped || total >= MaxCounted, err
}

func (k *QueuedKind) add(state JobState, n int, oldest, due guestlist.Time) {
	switch state {
	case JobDead:
		k.Dead += n
		return
	case JobRunning:
		k.Running += n
	default:
		k.Queued += n
		k.DueAt = &due
	}
	if k.OldestAt == nil || oldest < *k.OldestAt {
		k.OldestAt = &oldest
	}
}

// deadJobs has an index of its own.
const deadJobs = "jobs WHERE state = 'dead'"

// DeadJobs lists the jobs that were given up, the newest first, and counts them
// up to MaxCounted.
func (tx *Tx) DeadJobs(p Page) ([]JobRow, int, error) {
	limit, args := p.sql(1)
	rows, err := collect(tx, scanJob, "SELECT "+jobColumns+" FROM "+deadJobs+" ORDER BY finished_at DESC, id DESC"+limit, args...)
	if err != nil {
		return nil, 0, err
	}
	total, err := tx.countRows(deadJobs, nil, limitOf(MaxCounted, 0))
	return rows, total, err
}

// ReviveJob gives a job that was given up all its attempts once more, the first
// of them now; ErrNotFound if it is not dead.
func (tx *Tx) ReviveJob(id guestlist.JobID) error {
	tx.hasWork = true
	return changed(tx.exec(`UPDATE jobs SET state = 'queued', attempts = 0, finished_at = NULL, lease = '', run_at = $2
		WHERE id = $1 AND state = 'dead'`, id, tx.Now))
}

// DiscardJob forgets a job that was given up; ErrNotFound if it is not dead.
func (tx *Tx) DiscardJob(id guestlist.JobID) error {
	return changed(tx.exec("DELETE FROM jobs WHERE id = $1 AND state = 'dead'", id))
}
