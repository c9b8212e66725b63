package main

import (
	"bufio"
	"fmt"
	"net/http"
	"os"
	"strings"
	"time"
)

// The product's own counts, by which its work can be seen to go on.
var countsOfTime = []struct{ metric, head string }{
	{"vetroom_scheduler_behind", "behind"},
	{"vetroom_events_published_total", "published"},
	{"vetroom_scheduler_unmarked", "unmarked"},
	{"vetroom_door_lateness_seconds_count", "acknowledged"},
}

// printTimeline prints what the product's metrics say each 50 ms, from shortly before the start until all sockets
// acknowledged, or 5 s after it. Asking costs the product about a millisecond each time.
func (l *lab) printTimeline(server *process, start time.Time, sockets int) {
	if sleep(l.ctx, time.Until(start)-50*time.Millisecond) != nil {
		return
	}
	fmt.Fprintf(os.Stderr, "%8s %12s %12s %12s %12s\n", "ms", "behind", "published", "unmarked", "acknowledged")
	for time.Since(start) < 5*time.Second && sleep(l.ctx, 50*time.Millisecond) == nil {
		values, err := readMetrics(server.url)
		if err != nil {
			return // it ended
		}
		fmt.Fprintf(os.Stderr, "%8.0f", ms(time.Since(start)))
		for _, c := range countsOfTime {
			fmt.Fprintf(os.Stderr, " %12s", values[c.metric])
		}
		fmt.Fprintln(os.Stderr)
		if values["vetroom_door_lateness_seconds_count"] == fmt.Sprint(sockets) && values["vetroom_scheduler_unmarked"] == "0" {
			return
		}
	}
}

// readMetrics gives the product's metrics without labels.
func readMetrics(url string) (map[string]string, error) {
	res, err := http.Get(url + "/metrics")
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	values := map[string]string{}
	lines := bufio.NewScanner(res.Body)
	for lines.Scan() {
		if name, value, ok := strings.Cut(lines.Text(), " "); ok && name != "#" {
			values[name] = value
		}
	}
	return values, lines.Err()
}
