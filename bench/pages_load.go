package main

import (
	"bufio"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"math"
	"net"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// openLoop sends requests at a constant rate, each at its instant whether or not those before were answered. A latency
// is counted from that instant, so that waiting for a late client or server shows.
func openLoop(ctx context.Context, w *web, r reading, rate int, length time.Duration) (tally, error) {
	settle()
	n := int(length.Seconds() * float64(rate))
	latencies, errs := make([]time.Duration, n), make([]error, n)
	began := time.Now()
	var wait sync.WaitGroup
	var failed atomic.Int64
	for i := range n {
		at := began.Add(time.Duration(i) * time.Second / time.Duration(rate))
		if err := sleep(ctx, time.Until(at)); err != nil {
			return tally{}, err
		}
		wait.Go(func() {
			status, _, err := w.call(ctx, "GET", r.path, r.cookie, nil)
			if err == nil && status != http.StatusOK {
				failed.Add(1)
			}
			latencies[i], errs[i] = time.Since(at), err
		})
	}
	wait.Wait()
	took := time.Since(began)
	for _, err := range errs {
		if err != nil {
			return tally{}, err
		}
	}
	slices.SortFunc(latencies, cmp.Compare)
	return tally{took: took, latencies: latencies, failed: int(failed.Load())}, nil
}

// histogram is how many calls of a route took at most so many seconds, as /metrics tells.
type histogram struct {
	bounds []float64 // the last is +Inf
	counts []float64 // cumulative
}

// served reads the answered calls of a route that went well.
func (w *web) served(ctx context.Context, route string) (histogram, error) {
	status, text, err := w.call(ctx, "GET", "/metrics", "", nil)
	if err != nil || status != http.StatusOK {
		return histogram{}, fmt.Errorf("read the metrics: %d %w", status, err)
	}
	var h histogram
	for line := range strings.Lines(string(text)) {
		if !strings.HasPrefix(line, "vetroom_http_request_seconds_bucket{") || !strings.Contains(line, `route="`+route+`"`) || !strings.Contains(line, `status="200"`) {
			continue
		}
		_, rest, _ := strings.Cut(line, `le="`)
		bound, rest, _ := strings.Cut(rest, `"`)
		le, err1 := strconv.ParseFloat(bound, 64)
		count, err2 := strconv.ParseFloat(strings.TrimSpace(rest[strings.IndexByte(rest, ' ')+1:]), 64)
		if err := cmp.Or(err1, err2); err != nil {
			return histogram{}, fmt.Errorf("read the metrics: %w", err)
		}
		h.bounds, h.counts = append(h.bounds, le), append(h.counts, count)
	}
	if len(h.bounds) == 0 {
		return histogram{}, fmt.Errorf("the metrics say nothing of %s", route)
	}
	return h, nil
}

// since gives what came after an earlier reading.
func (h histogram) since(before histogram) histogram {
	counts := slices.Clone(h.counts)
	for i := range counts {
		counts[i] -= before.counts[i]
	}
	return histogram{h.bounds, counts}
}

// quantile gives a quantile in seconds, interpolated within its bucket.
func (h histogram) quantile(q float64) float64 {
	want := q * h.counts[len(h.counts)-1]
	low, below := 0.0, 0.0
	for i, count := range h.counts {
		if count >= want && count > below {
			if math.IsInf(h.bounds[i], 1) {
				return low
			}
			return low + (h.bounds[i]-low)*(want-below)/(count-below)
		}
		low, below = h.bounds[i], count
	}
	return low
}

// within gives the share of calls that took at most so long, which must be a bucket's bound.
func (h histogram) within(seconds float64) float64 {
	i := slices.Index(h.bounds, seconds)
	return h.counts[i] / max(1, h.counts[len(h.counts)-1])
}

// floorPagesCmd is a server that has its answers ready: what a read costs when nothing is read.
type floorPagesCmd struct{}

// Run implements the command: one line of standard input holds the answers by path.
func (floorPagesCmd) Run() error {
	in := bufio.NewReader(os.Stdin)
	var answers map[string][]byte
	if err := json.NewDecoder(in).Decode(&answers); err != nil {
		return fmt.Errorf("read the answers: %w", err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	fmt.Printf("ready on http://%s\n", listener.Addr())
	return http.Serve(listener, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Write(answers[r.URL.RequestURI()])
	}))
}

// startFloor starts it with the product's own answers.
func (s *site) startFloor(l *lab) (*process, error) {
	answers := map[string][]byte{}
	for _, r := range s.readings() {
		_, answer, err := s.call(l.ctx, "GET", r.path, r.cookie, nil)
		if err != nil {
			return nil, err
		}
		answers[r.path] = answer
	}
	text, err := json.Marshal(answers)
	if err != nil {
		return nil, err
	}
	cmd := l.startSelf("floor-pages")
	cmd.Stdin = strings.NewReader(string(text))
	return l.startServer(cmd)
}
