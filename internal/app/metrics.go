package app

import (
	"context"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/internal/pipeline"
)

// metrics are what Prometheus asks of a process. No label says what is in use where: counts are of what is not under embargo.
type metrics struct {
	detection, delivery, gate prometheus.Histogram
	registry                  *prometheus.Registry
}

// From a second to a week: what an advisory's way takes is mostly the feed's rhythm.
var latencies = []float64{1, 5, 15, 60, 300, 900, 3600, 4 * 3600, 12 * 3600, 24 * 3600, 7 * 24 * 3600}

func newMetrics(s *Service) *metrics {
	m := &metrics{
		registry: prometheus.NewRegistry(),
		detection: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "tocsin_detection_seconds", Help: "From when an advisory was modified, by its feed, to our decision about it.", Buckets: latencies,
		}),
		delivery: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "tocsin_delivery_seconds", Help: "From when an action was planned to when it was carried out.", Buckets: latencies,
		}),
		gate: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "tocsin_gate_seconds", Help: "How long a verdict took.", Buckets: prometheus.ExponentialBuckets(0.001, 2, 14),
		}),
	}
	m.registry.MustRegister(m.detection, m.delivery, m.gate, state{s}, collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

// matched notes how old the news was that a matching brought. What is older than a week was no news: a first sync brings all there is.
func (m *metrics) matched(r pipeline.Result, now time.Time) {
	if m == nil {
		return
	}
	seen := map[string]bool{}
	for _, s := range r.Scanned {
		for _, d := range s.Decisions {
			c := d.Finding.Class
			if age := now.Sub(c.Modified); !seen[c.ID] && age >= 0 && age < 7*tocsin.Day {
				m.detection.Observe(age.Seconds())
			}
			seen[c.ID] = true
		}
	}
}

// Metrics answers Prometheus.
func (s *Service) Metrics() http.Handler {
	return promhttp.HandlerFor(s.metrics.registry, promhttp.HandlerOpts{MaxRequestsInFlight: 2, Timeout: scrape})
}

// scrape bounds what a scrape may ask of the database.
const scrape = 5 * time.Second

// state tells how things stand when it is asked.
type state struct{ *Service }

var (
	feedAge = prometheus.NewDesc("tocsin_feed_age_seconds", "Since the last complete sync of a feed.", []string{"feed"}, nil)
	feedOK  = prometheus.NewDesc("tocsin_feed_ok", "1 if the last sync of a feed was complete.", []string{"feed"}, nil)
	jobCnt  = prometheus.NewDesc("tocsin_jobs", "Jobs that are not done.", []string{"kind", "state"}, nil)
	jobLag  = prometheus.NewDesc("tocsin_job_lag_seconds", "How long the oldest job has waited that could be done.", nil, nil)
	actions = prometheus.NewDesc("tocsin_actions", "Actions by state.", []string{"state"}, nil)
	written = prometheus.NewDesc("tocsin_forge_writes", "What was written to the forge in the last hour, by all processes.", nil, nil)
	stopped = prometheus.NewDesc("tocsin_forge_stopped", "1 if writing to the forge is stopped.", nil, nil)
	open    = prometheus.NewDesc("tocsin_incidents_open", "Incidents that are not over, by urgency.", []string{"urgency"}, nil)
	watched = prometheus.NewDesc("tocsin_projects", "Projects that are watched.", nil, nil)
	failing = prometheus.NewDesc("tocsin_sources_failing", "Projects whose source could not be read.", nil, nil)
	indexAt = prometheus.NewDesc("tocsin_index_timestamp_seconds", "As of when the advisories are that verdicts are made with.", nil, nil)
	asked   = prometheus.NewDesc("tocsin_scrape_error", "1 if something could not be asked.", nil, nil)
)

// Describe lists what may be told.
func (s state) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{feedAge, feedOK, jobCnt, jobLag, actions, written, stopped, open, watched, failing, indexAt, asked} {
		ch <- d
	}
}

// Collect asks the store.
func (s state) Collect(ch chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), scrape)
	defer cancel()
	tell := func(d *prometheus.Desc, v float64, labels ...string) {
		ch <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, labels...)
	}
	failed := 0.0
	for _, ask := range []func(context.Context, time.Time, func(*prometheus.Desc, float64, ...string)) error{s.feedState, s.workState, s.portfolioState} {
		if err := ask(ctx, s.opts.Now(), tell); err != nil {
			failed = 1
			s.log.Warn("metrics not told whole", "err", err)
		}
	}
	tell(asked, failed)
}

func (s state) feedState(ctx context.Context, now time.Time, tell func(*prometheus.Desc, float64, ...string)) error {
	feeds, err := s.store.Feeds(ctx)
	for _, f := range feeds {
		ok := 0.0
		if f.Status == tocsin.FeedOK {
			ok = 1
		}
		tell(feedOK, ok, f.Name)
		tell(feedAge, now.Sub(f.SyncedAt).Seconds(), f.Name)
	}
	if x, err := s.indexes.snapshot(); err == nil {
		tell(indexAt, float64(x.AsOf.Unix()))
	}
	return err
}

func (s state) workState(ctx context.Context, now time.Time, tell func(*prometheus.Desc, float64, ...string)) error {
	tally, err := s.store.ActionStates(ctx)
	if err != nil {
		return err
	}
	for st, n := range tally {
		tell(actions, float64(n), string(st))
	}
	n, err := s.store.Writes(ctx, now.Add(-time.Hour))
	if err != nil {
		return err
	}
	tell(written, float64(n))
	why, err := s.store.Note(ctx, noteStopped)
	if err != nil {
		return err
	}
	tell(stopped, float64(min(len(why), 1)))
	if s.engine == nil {
		return nil
	}
	list, err := s.engine.Undone(ctx)
	if err != nil {
		return err
	}
	count, lag := map[[2]string]int{}, time.Duration(0)
	for _, j := range list {
		count[[2]string{j.Kind, string(j.State)}]++
		if j.State == "waiting" {
			lag = max(lag, now.Sub(j.At))
		}
	}
	for k, n := range count {
		tell(jobCnt, float64(n), k[0], k[1])
	}
	tell(jobLag, lag.Seconds())
	return nil
}

func (s state) portfolioState(ctx context.Context, _ time.Time, tell func(*prometheus.Desc, float64, ...string)) error {
	all, _, err := s.store.Census(ctx)
	if err != nil {
		return err
	}
	tell(watched, float64(all))
	broken, err := s.store.FailingSources(ctx)
	if err != nil {
		return err
	}
	tell(failing, float64(broken))
	list, err := s.store.Incidents(ctx)
	if err != nil {
		return err
	}
	count := map[tocsin.Urgency]int{tocsin.UrgencyEmergency: 0, tocsin.UrgencyHold: 0, tocsin.UrgencyRoutine: 0}
	for _, inc := range list {
		if !inc.State.Over() && !inc.Private() {
			count[inc.Urgency]++
		}
	}
	for u, n := range count {
		tell(open, float64(n), string(u))
	}
	return nil
}
