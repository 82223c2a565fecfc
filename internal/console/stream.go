package console

import (
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"guestlist/internal/console/ui"
	"guestlist/internal/web"
)

// The limits of a stream. Browsers connect anew by themselves, so that no
// stream outlives the session that it was begun under for long.
const (
	streamFor  = freshFor
	streamIdle = 20 * time.Second // a comment is sent after so much silence
)

// stream follows work with server-sent events (HTML §9.2): look is asked for
// the state, once at first and then each time that wake, which may be nil, or
// the pace says so. The stream ends with the first state that is finished.
func (v *visit) stream(pace time.Duration, wake <-chan struct{}, look func() (ui.ProgressEvent, error)) error {
	rc := http.NewResponseController(v.w)
	end := time.Now().Add(streamFor)
	if err := rc.SetWriteDeadline(end.Add(streamIdle)); err != nil {
		return err
	}
	state, err := look()
	if err != nil {
		return err
	}
	web.NoStore(v.w)
	v.w.Header().Set("Content-Type", "text/event-stream")
	v.w.Header().Set("X-Accel-Buffering", "no") // proxies hand on what comes at once
	v.w.Header().Set("Content-Encoding", "identity")
	ticks := time.NewTicker(pace)
	defer ticks.Stop()
	last, said := "", time.Now()
	for {
		text, err := json.Marshal(state)
		if err != nil {
			return err
		}
		switch {
		case string(text) != last:
			fmt.Fprintf(v.w, "data: %s\n\n", text)
			last, said = string(text), time.Now()
		case time.Since(said) > streamIdle:
			fmt.Fprint(v.w, ":\n\n")
			said = time.Now()
		}
		if rc.Flush() != nil || state.Finished || time.Now().After(end) {
			return nil // the reader went away, or all is said
		}
		select {
		case <-v.ctx().Done():
			return nil
		case <-wake:
		case <-ticks.C:
		}
		if state, err = look(); err != nil {
			break // the answer has begun; the browser asks again and is told
		}
	}
	return nil
}
