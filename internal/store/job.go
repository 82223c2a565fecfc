package store

import (
	"guestlist"
	"guestlist/internal/crypt"
)

// sealJob is the purpose under which job payloads are sealed.
const sealJob = "job.payload"

// Enqueue writes jobs in this transaction. A job whose dedupe key exists
// already is left out.
func (tx *Tx) Enqueue(jobs ...guestlist.Job) error {
	tx.hasWork = true
	for _, j := range jobs {
		lane := j.Lane
		if lane == "" {
			lane = j.Kind
		}
		runAt := j.RunAt
		if runAt == 0 {
			runAt = tx.Now
		}
		attempts := j.MaxAttempts
		if attempts == 0 {
			attempts = guestlist.DefaultJobAttempts
		}
		var dedupe *string
		if j.DedupeKey != "" {
			dedupe = &j.DedupeKey
		}
		if err := tx.run(`INSERT INTO jobs (id, kind, lane, dedupe_key, payload, state, attempts, max_attempts,
				run_at, lease, last_error, created_at)
			VALUES ($1, $2, $3, $4, $5, 'queued', 0, $6, $7, '', '', $8) ON CONFLICT (dedupe_key) DO NOTHING`,
			crypt.ID(), j.Kind, lane, dedupe, tx.s.key.SealString(sealJob, objectText(j.Payload)), attempts,
			runAt, tx.Now); err != nil {
			return err
		}
	}
	return nil
}
