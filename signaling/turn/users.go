package turn

import (
	"errors"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

var (
	errQuota   = errors.New("turn: this user has as many relays as it may")
	errFull    = errors.New("turn: there are as many relays as there may be")
	errUnnamed = errors.New("turn: no such user")
)

// user is a role in a room while it has relays.
type user struct {
	id      string
	until   time.Time // when its relays end
	relays  map[*relay]bool
	out, in *rate.Limiter // bytes to peers, and from them
}

// users are those who have relays.
type users struct {
	limits Limits
	stats  *counters

	mu  sync.Mutex // guards what follows, and each user's until and relays
	by  map[string]*user
	all int // relays
}

func newUsers(limits Limits, stats *counters) *users {
	return &users{limits: limits, stats: stats, by: map[string]*user{}}
}

// hasRoom tells whether who proved to be username may have one more relay.
func (us *users) hasRoom(username string) bool {
	c, ok := readUsername(username)
	us.mu.Lock()
	defer us.mu.Unlock()
	if u := us.by[c.user()]; !ok || u != nil && len(u.relays) >= us.limits.Allocations {
		us.stats.overQuota.Add(1)
		return false
	}
	return true
}

// add notes a relay of who proved to be username, and has it end with the right to it.
func (us *users) add(username string, r *relay) error {
	c, ok := readUsername(username)
	if !ok {
		return errUnnamed
	}
	us.mu.Lock()
	defer us.mu.Unlock()
	u := us.by[c.user()]
	switch {
	case us.all >= us.limits.AllAllocations:
		us.stats.overQuota.Add(1)
		return errFull
	case u == nil:
		bandwidth := rate.Limit(us.limits.Bandwidth)
		u = &user{
			id: c.user(), relays: map[*relay]bool{},
			out: rate.NewLimiter(bandwidth, us.limits.Burst), in: rate.NewLimiter(bandwidth, us.limits.Burst),
		}
		us.by[u.id] = u
	case len(u.relays) >= us.limits.Allocations:
		us.stats.overQuota.Add(1)
		return errQuota
	}
	if c.expires.After(u.until) {
		u.until = c.expires
	}
	u.relays[r] = true
	us.all++
	us.stats.allocated.Add(1)
	r.user = u
	r.end = time.AfterFunc(u.until.Sub(r.now()), r.expire)
	return nil
}

// remove forgets a relay, and its user with the last one.
func (us *users) remove(r *relay) {
	us.mu.Lock()
	defer us.mu.Unlock()
	r.end.Stop()
	delete(r.user.relays, r)
	us.all--
	if len(r.user.relays) == 0 {
		delete(us.by, r.user.id)
	}
}

// renew lets a user's relays live until an instant, if that is later.
func (us *users) renew(id string, until time.Time) {
	us.mu.Lock()
	defer us.mu.Unlock()
	if u := us.by[id]; u != nil && until.After(u.until) {
		u.until = until
	}
}

// lasts tells whether a user has relays with a right to them.
func (us *users) lasts(id string, now time.Time) bool {
	us.mu.Lock()
	defer us.mu.Unlock()
	u := us.by[id]
	return u != nil && now.Before(u.until)
}

// left is how long a user's relays live on. It plans the next look where that is not the end.
func (us *users) left(r *relay) time.Duration {
	us.mu.Lock()
	defer us.mu.Unlock()
	left := r.user.until.Sub(r.now())
	if left > 0 {
		r.end.Reset(left)
	}
	return left
}

// count is how many relays there are.
func (us *users) count() int {
	us.mu.Lock()
	defer us.mu.Unlock()
	return us.all
}

// endAll closes every relay.
func (us *users) endAll() {
	us.mu.Lock()
	var relays []*relay
	for _, u := range us.by {
		for r := range u.relays {
			relays = append(relays, r)
		}
	}
	us.mu.Unlock()
	for _, r := range relays {
		_ = r.Close()
	}
}
