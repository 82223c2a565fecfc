package management

import "sync"

// importQueue hands lines from the reader to the writer: the writer takes what
// there is as soon as it is idle, so that a caller who sends line by line is
// answered line by line, and one who sends fast is answered in large batches.
type importQueue struct {
	mu     sync.Mutex
	cond   sync.Cond
	items  []importItem
	closed bool
}

// How many lines go into one transaction, how many of them may have a
// password to be hashed, and how many wait.
const (
	importBatch    = 256
	importHashes   = 16
	maxImportQueue = 2 * importBatch
)

func newImportQueue() *importQueue {
	q := &importQueue{}
	q.cond.L = &q.mu
	return q
}

// put adds an item, waiting while the queue is full, and reports whether
// anybody wants more.
func (q *importQueue) put(item importItem) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	for len(q.items) >= maxImportQueue && !q.closed {
		q.cond.Wait()
	}
	if q.closed {
		return false
	}
	q.items = append(q.items, item)
	q.cond.Broadcast()
	return true
}

// take waits for items and returns a batch; none when the queue is closed and
// empty.
func (q *importQueue) take() []importItem {
	q.mu.Lock()
	defer q.mu.Unlock()
	for len(q.items) == 0 && !q.closed {
		q.cond.Wait()
	}
	n, hashes := 0, 0
	for n < min(len(q.items), importBatch) && hashes < importHashes {
		if q.items[n].plain != "" {
			hashes++
		}
		n++
	}
	batch := append([]importItem(nil), q.items[:n]...)
	q.items = append(q.items[:0], q.items[n:]...)
	q.cond.Broadcast()
	return batch
}

// close ends the queue: nothing is taken in any more, what is in it can still
// be taken out.
func (q *importQueue) close() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.closed = true
	q.cond.Broadcast()
}
