package store

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"guestlist"
	"guestlist/internal/crypt"
)

// sealJob is the purpose under which job payloads are sealed.
const sealJob = "job.payload"

// The sizes in which rows are written together. Few sizes make few statement
// texts, and each text is prepared once.
const (
	jobInsertRows = 50
	jobFinishIDs  = 100
)

// maxJobError bounds what is kept of an attempt's error, in bytes.
const maxJobError = 2048

// Enqueue writes jobs in this transaction. A job whose dedupe key exists
// already is left out.
func (tx *Tx) Enqueue(jobs ...guestlist.Job) error {
	tx.hasWork = tx.hasWork || len(jobs) > 0
	for len(jobs) > 0 {
		n := 1
		if len(jobs) >= jobInsertRows {
			n = jobInsertRows
		}
		if err := tx.insertJobs(jobs[:n]); err != nil {
			return err
		}
		jobs = jobs[n:]
	}
	return nil
}

func (tx *Tx) insertJobs(jobs []guestlist.Job) error {
	const columns = 8
	rows := make([]string, len(jobs))
	args := make([]any, 0, columns*len(jobs))
	for i, j := range jobs {
		at := i * columns
		rows[i] = fmt.Sprintf("(%s, 'queued', 0, '', '')", placeholders(at+1, columns))
		var dedupe *string
		if j.DedupeKey != "" {
			dedupe = &j.DedupeKey
		}
		if j.RunAt == 0 {
			j.RunAt = tx.Now
		}
		if j.MaxAttempts == 0 {
			j.MaxAttempts = guestlist.DefaultJobAttempts
		}
		args = append(args, crypt.ID(), j.Kind, laneOf(j), dedupe,
			tx.s.key.SealString(sealJob, objectText(j.Payload)), j.MaxAttempts, j.RunAt, tx.Now)
	}
	return tx.run(`INSERT INTO jobs (id, kind, lane, dedupe_key, payload, max_attempts, run_at, created_at,
			state, attempts, lease, last_error)
		VALUES `+strings.Join(rows, ", ")+` ON CONFLICT (dedupe_key) DO NOTHING`, args...)
}

// laneOf names the lane of a job. The kind comes first, so that who reads the
// name of a lane knows how wide it may be.
func laneOf(j guestlist.Job) string {
	if j.Lane == "" {
		return j.Kind
	}
	return j.Kind + "/" + j.Lane
}

// Lane is a group of jobs that are to be done yet.
type Lane struct {
	Name  string
	Kind  string
	DueAt guestlist.Time // of the first job: when it may start, or its lease ends
}

// Lanes lists the lanes with unfinished jobs. It takes time by their number,
// not by the number of jobs.
func (tx *Tx) Lanes() ([]Lane, error) {
	return collect(tx, func(sc scanner) (Lane, error) {
		var l Lane
		err := sc.Scan(&l.Name, &l.DueAt)
		l.Kind, _, _ = strings.Cut(l.Name, "/")
		return l, err
	}, `WITH RECURSIVE names (lane) AS (
			SELECT MIN(lane) FROM jobs WHERE finished_at IS NULL
			UNION ALL
			SELECT (SELECT MIN(j.lane) FROM jobs j WHERE j.finished_at IS NULL AND j.lane > names.lane)
			FROM names WHERE names.lane IS NOT NULL)
		SELECT lane, due FROM (
			SELECT names.lane AS lane,
				(SELECT MIN(j.run_at) FROM jobs j WHERE j.finished_at IS NULL AND j.lane = names.lane) AS due
			FROM names) found
		WHERE due IS NOT NULL`)
}

// ClaimedJob is a job that its claimer alone may work on until its lease ends.
type ClaimedJob struct {
	ID          guestlist.JobID
	Kind        string
	Payload     json.RawMessage
	Attempt     int // this one included
	MaxAttempts int
	CreatedAt   guestlist.Time
	ClaimedAt   guestlist.Time
	Lease       string
	Err         error // the payload cannot be opened
}

// ClaimJobs takes up to limit due jobs of a lane, the oldest first, and counts
// an attempt for each. A job whose lease has ended is due again: whoever held
// it is taken for dead. Two claimers never get the same job.
func (tx *Tx) ClaimJobs(lane string, leaseEnds guestlist.Time, limit int) ([]ClaimedJob, error) {
	lease := crypt.ID()
	jobs, err := collect(tx, func(sc scanner) (ClaimedJob, error) {
		j := ClaimedJob{Lease: lease, ClaimedAt: tx.Now}
		var sealed string
		if err := sc.Scan(&j.ID, &j.Kind, &sealed, &j.Attempt, &j.MaxAttempts, &j.CreatedAt); err != nil {
			return j, err
		}
		text, err := tx.s.key.OpenString(sealJob, sealed)
		j.Payload, j.Err = json.RawMessage(text), err
		return j, nil
	}, `WITH due AS MATERIALIZED (
			SELECT id FROM jobs WHERE lane = $1 AND finished_at IS NULL AND run_at <= $2
			ORDER BY run_at LIMIT $3`+tx.s.dialect.skipLocked+`)
		UPDATE jobs SET state = 'running', attempts = jobs.attempts + 1, lease = $4, run_at = $5
		FROM due WHERE jobs.id = due.id
		RETURNING jobs.id, jobs.kind, jobs.payload, jobs.attempts, jobs.max_attempts, jobs.created_at`,
		lane, tx.Now, limit, lease, leaseEnds)
	slices.SortStableFunc(jobs, func(a, b ClaimedJob) int { return cmp.Compare(a.CreatedAt, b.CreatedAt) })
	return jobs, err
}

// JobState is what became of a job.
type JobState string

// The states of a job. Done and dead ones are kept for a while, to be seen.
const (
	JobQueued  JobState = "queued"
	JobRunning JobState = "running"
	JobDone    JobState = "done"
	JobDead    JobState = "dead" // given up
)

// JobResult says how an attempt ended.
type JobResult struct {
	ID    guestlist.JobID
	Lease string
	State JobState       // JobDone, JobDead, or JobQueued for another attempt
	RunAt guestlist.Time // JobQueued: when
	// Uncounted takes back the attempt: it was put off, not made.
	Uncounted bool
	Error     string // "" for success
}

// FinishJobs writes how attempts ended and returns how many results came too
// late, because the lease had ended and the job was claimed by another. The
// payload of a job that is done is erased; that of a dead one is kept, sealed.
func (tx *Tx) FinishJobs(results []JobResult) (late int, err error) {
	done := map[string][]guestlist.JobID{}
	var n int64
	for _, r := range results {
		if r.State == JobDone {
			done[r.Lease] = append(done[r.Lease], r.ID)
			continue
		}
		touched, err := tx.finishJob(r)
		if err != nil {
			return 0, err
		}
		n += touched
	}
	for lease, ids := range done {
		for chunk := range slices.Chunk(ids, jobFinishIDs) {
			touched, err := tx.jobsDone(lease, chunk)
			if err != nil {
				return 0, err
			}
			n += touched
		}
	}
	return len(results) - int(n), nil
}

func (tx *Tx) finishJob(r JobResult) (int64, error) {
	var finished *guestlist.Time
	if r.State == JobDead {
		finished = &tx.Now
	}
	uncounted := 0
	if r.Uncounted {
		uncounted = 1
	}
	return tx.exec(`UPDATE jobs SET state = $3, finished_at = $4, run_at = $5, attempts = attempts - $6, lease = '', last_error = $7
		WHERE id = $1 AND lease = $2 AND finished_at IS NULL`,
		r.ID, r.Lease, string(r.State), finished, r.RunAt, uncounted, storable(r.Error, maxJobError))
}

// jobsDone marks up to jobFinishIDs jobs of one lease. The list is filled up
// with its last id, so that there are two statement texts and not a hundred.
func (tx *Tx) jobsDone(lease string, ids []guestlist.JobID) (int64, error) {
	size := jobFinishIDs
	if len(ids) == 1 {
		size = 1
	}
	args := make([]any, 0, size+2)
	args = append(args, lease, tx.Now)
	for i := range size {
		args = append(args, ids[min(i, len(ids)-1)])
	}
	return tx.exec(`UPDATE jobs SET state = 'done', finished_at = $2, lease = '', last_error = '', payload = ''
		WHERE lease = $1 AND finished_at IS NULL AND id IN (`+placeholders(3, size)+`)`, args...)
}

// storable makes a text from outside fit for a column: valid UTF-8 without
// NUL, which PostgreSQL refuses, and no longer than limit bytes.
func storable(s string, limit int) string {
	s = strings.ReplaceAll(strings.ToValidUTF8(s, "\uFFFD"), "\x00", "\uFFFD")
	if len(s) <= limit {
		return s
	}
	s = s[:limit]
	for !utf8.ValidString(s) {
		s = s[:len(s)-1]
	}
	return s
}

// JobRow is a job as administrators see it, without its payload. Its JSON is
// the wire format of /api/dead-jobs.
type JobRow struct {
	ID          guestlist.JobID `json:"id"`
	Kind        string          `json:"kind"`
	Lane        string          `json:"lane"`
	State       JobState        `json:"state"`
	Attempts    int             `json:"attempts"`
	MaxAttempts int             `json:"maxAttempts"`
	RunAt       guestlist.Time  `json:"runAt"` // while running: when the lease ends
	LastError   string          `json:"lastError"`
	CreatedAt   guestlist.Time  `json:"createdAt"`
	FinishedAt  *guestlist.Time `json:"finishedAt"`
}

const jobColumns = "id, kind, lane, state, attempts, max_attempts, run_at, last_error, created_at, finished_at"

func scanJob(sc scanner) (JobRow, error) {
	var j JobRow
	err := sc.Scan(&j.ID, &j.Kind, &j.Lane, &j.State, &j.Attempts, &j.MaxAttempts, &j.RunAt, &j.LastError,
		&j.CreatedAt, &j.FinishedAt)
	return j, err
}

// Jobs lists the jobs in a state, the newest first.
func (tx *Tx) Jobs(state JobState, p Page) ([]JobRow, error) {
	limit, args := p.sql(2)
	return collect(tx, scanJob, "SELECT "+jobColumns+" FROM jobs WHERE state = $1 ORDER BY created_at DESC, id"+limit,
		with([]any{string(state)}, args...)...)
}

// CountJobs counts the jobs by state. Finished ones count for as long as they
// are kept.
func (tx *Tx) CountJobs() (map[JobState]int, error) {
	counts := map[JobState]int{}
	err := tx.rows(func(sc scanner) error {
		var state JobState
		var n int
		err := sc.Scan(&state, &n)
		counts[state] = n
		return err
	}, "SELECT state, COUNT(*) FROM jobs GROUP BY state")
	return counts, err
}
