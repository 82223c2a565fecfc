package server

import (
	"net/http"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"guestlist/internal/job"
)

// metrics is what operators measure. Labels are routes and statuses, never
// anything of a guest.
type metrics struct {
	registry *prometheus.Registry
	requests *prometheus.HistogramVec
}

// requestBuckets are in seconds: from a cached document to a password hash.
var requestBuckets = []float64{.0005, .001, .0025, .005, .01, .025, .05, .1, .25, 1, 5}

func newMetrics(version string) *metrics {
	m := &metrics{
		registry: prometheus.NewRegistry(),
		requests: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "guestlist_http_request_seconds", Help: "Time to answer requests, by route and status.", Buckets: requestBuckets,
		}, []string{"route", "status"}),
	}
	build := prometheus.NewGauge(prometheus.GaugeOpts{
		Name: "guestlist_build_info", Help: "Always 1; the version is a label.", ConstLabels: prometheus.Labels{"version": version},
	})
	build.Set(1)
	m.registry.MustRegister(m.requests, build, collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

func (m *metrics) handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{})
}

// watch adds what the queue did.
func (m *metrics) watch(r *job.Runner) { m.registry.MustRegister(&queue{runner: r}) }

// queue collects the counts of a runner.
type queue struct{ runner *job.Runner }

var (
	jobsDesc    = prometheus.NewDesc("guestlist_jobs_total", "Attempts at jobs, by kind and outcome.", []string{"kind", "outcome"}, nil)
	runningDesc = prometheus.NewDesc("guestlist_jobs_running", "Jobs that run at the moment.", nil, nil)
)

// Describe implements prometheus.Collector.
func (q *queue) Describe(c chan<- *prometheus.Desc) { c <- jobsDesc; c <- runningDesc }

// Collect implements prometheus.Collector.
func (q *queue) Collect(c chan<- prometheus.Metric) {
	counts := q.runner.Counts()
	c <- prometheus.MustNewConstMetric(runningDesc, prometheus.GaugeValue, float64(counts.Running))
	for kind, n := range counts.Kinds {
		for outcome, v := range map[string]int64{"done": n.Done, "failed": n.Failed, "dead": n.Dead, "put_off": n.PutOff} {
			c <- prometheus.MustNewConstMetric(jobsDesc, prometheus.CounterValue, float64(v), kind, outcome)
		}
	}
}

// count measures every request. The route is what the mux matched, so that
// the number of series is bounded.
func (m *metrics) count(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		start := time.Now()
		next.ServeHTTP(w, r)
		status := http.StatusOK
		if s, ok := w.(interface{ Status() int }); ok {
			status = s.Status()
		}
		m.requests.WithLabelValues(r.Pattern, strconv.Itoa(status)).Observe(time.Since(start).Seconds())
	})
}
