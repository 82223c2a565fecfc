package job_test

import (
	"context"
	"testing"

	"guestlist"
	"guestlist/internal/job"
	"guestlist/internal/store"
	"guestlist/internal/store/storetest"
)

// BenchmarkTrivialJobs measures the queue alone: claiming, starting and
// writing down jobs that do nothing.
func BenchmarkTrivialJobs(b *testing.B) {
	for _, engine := range []string{"sqlite", "postgres"} {
		b.Run(engine, func(b *testing.B) {
			st := storetest.Open(b, engine, nil)
			var jobs []guestlist.Job
			for range b.N {
				jobs = append(jobs, guestlist.Job{Kind: "k"})
			}
			if err := st.Update(b.Context(), func(tx *store.Tx) error { return tx.Enqueue(jobs...) }); err != nil {
				b.Fatal(err)
			}
			left := b.N
			counted, done := make(chan struct{}, b.N), make(chan struct{})
			go func() {
				for range counted {
					if left--; left == 0 {
						close(done)
						return
					}
				}
			}()
			r := &job.Runner{Store: st, Log: quiet(), Kinds: map[string]job.Kind{"k": {Batch: 500, Run: func(context.Context, job.Job) error {
				counted <- struct{}{}
				return nil
			}}}}
			b.ResetTimer()
			r.Start(b.Context())
			<-done
			if err := r.Stop(b.Context()); err != nil {
				b.Fatal(err)
			}
			b.StopTimer()
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "jobs/s")
		})
	}
}
