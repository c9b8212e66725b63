package signaling

import (
	"maps"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"vetroom/clinic"
)

// How many results of checks one side of a room may have in the timeline: at once, and one more each restEvery. Sockets are
// bounded one by one, and whoever has many could still fill a timeline.
const (
	resultsOnce = 6
	restEvery   = 30 * time.Second
	resultsKept = 4096 // sides that are remembered before those that are at rest are forgotten
)

// results bounds the results of checks, by room and side.
type results struct {
	mu sync.Mutex // guards by
	by map[resultOf]*rate.Limiter
}

type resultOf struct {
	room string
	role clinic.Role
}

// allow counts a result, and tells whether it may be noted.
func (r *results) allow(room string, role clinic.Role, now time.Time) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.by) >= resultsKept {
		maps.DeleteFunc(r.by, func(_ resultOf, l *rate.Limiter) bool { return l.TokensAt(now) >= resultsOnce })
	}
	of := resultOf{room, role}
	l := r.by[of]
	if l == nil {
		l = rate.NewLimiter(rate.Every(restEvery), resultsOnce)
		r.by[of] = l
	}
	return l.AllowN(now, 1)
}
