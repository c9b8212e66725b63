package signaling

import (
	"sync"
	"time"

	"vetroom/clinic"
	"vetroom/events"
)

const openSubject = "vetroom." + string(clinic.RoomOpen) + "."

// unlockers is how many goroutines open the doors of one message: to open one takes as long as to write to its sockets.
const unlockers = 4

// hearUnlocks opens the doors of a message, those that are held here and whose row says that this opening lies ahead.
// Whatever else it says is left to the events, which follow.
func (s *Server) hearUnlocks(m events.Message) {
	unlocks, err := events.DecodeUnlocks(m.Body)
	if err != nil {
		s.skipped(m, err)
		return
	}
	var group sync.WaitGroup
	size := (len(unlocks) + unlockers - 1) / unlockers
	for begin := 0; begin < len(unlocks); begin += size {
		part := unlocks[begin:min(begin+size, len(unlocks))]
		group.Go(func() { s.unlock(part) })
	}
	group.Wait()
}

// unlock opens doors. Those whose instant has not come by the own clock wait for it, together.
func (s *Server) unlock(unlocks []events.Unlock) {
	now := s.now()
	var early []events.Unlock
	var wait time.Duration
	for _, u := range unlocks {
		d := s.hub.find(u.RoomID)
		if d == nil {
			continue
		}
		if w := d.unlock(u.Version, now); w > 0 {
			early, wait = append(early, u), max(wait, w)
		}
	}
	if len(early) > 0 {
		s.stats.early.Add(int64(len(early)))
		time.AfterFunc(wait, func() { s.unlock(early) })
	}
}

// unlock opens the door if this is the opening that its row has ahead. It gives how long that is to wait yet.
func (d *door) unlock(version int64, now time.Time) (wait time.Duration) {
	d.mu.Lock()
	defer d.mu.Unlock()
	r := &d.room
	if !d.known() || r.OpenVersion != version || !r.ClosedAt.IsZero() {
		return 0
	}
	if early := r.OpensAt.Sub(now); early > 0 {
		return early
	}
	d.asOf = later(d.asOf, r.OpensAt)
	d.tell(now)
	return 0
}

// isOpen tells whether everybody here was told that the door is open: then its opening's event tells nothing new.
func (d *door) isOpen() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.told.state == clinic.RoomOpened
}
