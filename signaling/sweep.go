package signaling

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"time"

	"vetroom/clinic"
	"vetroom/events"
)

const (
	lookEvery  = 500 * time.Millisecond // for doors that are overdue
	sweepEvery = 5 * time.Second        // through all held doors
	sweepChunk = 500                    // ids in one query
)

// hearRoom takes an event of the stream ROOM. Of rooms that nobody here holds it reads nothing but the subject.
func (s *Server) hearRoom(m events.Message) {
	s.hearLength(m)
	id := m.Subject[strings.LastIndexByte(m.Subject, '.')+1:]
	d := s.hub.find(id)
	if d == nil || strings.HasPrefix(m.Subject, openSubject) && d.isOpen() {
		return
	}
	e, err := events.Decode(m.Body)
	if err != nil || e.Room == nil || e.Room.RoomID != id {
		s.skipped(m, err)
		return
	}
	s.hear(e)
}

// hear takes an event as soon as its instant has come by the own clock. One that comes early waits: nobody says open
// before its own clock does.
func (s *Server) hear(e *events.Decoded) {
	d := s.hub.find(e.Room.RoomID)
	if d == nil {
		return
	}
	now := s.now()
	if early := dueOf(e).Sub(now); early > 0 {
		s.stats.early.Add(1)
		time.AfterFunc(early, func() { s.hear(e) })
		return
	}
	d.mu.Lock()
	gone := d.hear(e)
	d.tell(now)
	d.mu.Unlock()
	s.wentOver(d, gone)
}

// Refresh reads all held rooms again, at once. It is for whoever learns that something may have been missed: the
// database or the broker was away.
func (s *Server) Refresh() {
	select {
	case s.stale <- struct{}{}:
	default:
	}
}

// keepDoors sweeps until ctx ends: every 5 s through all that is held, after a break at once, and every half second
// for doors that should have opened or closed and did not hear of it.
func (s *Server) keepDoors(ctx context.Context) {
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	next := s.now().Add(sweepEvery)
	for {
		all := false
		select {
		case <-ctx.Done():
			return
		case <-s.stale:
			all = true
		case <-tick.C:
		}
		err := s.sweepOnce(ctx, all, !s.now().Before(next))
		switch {
		case ctx.Err() != nil:
			return
		case err != nil: // the doors stay as they are; the next tick asks again
			s.cfg.Log.Warn("read the rooms again; trying again", "error", err)
			s.stats.sweepFailed.Add(1)
			if all {
				s.Refresh()
				pause(ctx, lookEvery)
			}
		case all || !s.now().Before(next):
			next = s.now().Add(sweepEvery)
		}
	}
}

// sweepOnce reads the overdue doors; with all or due set it compares every held door's Rev, too, and looks at the vets.
// all does not wait for a door to be overdue for long.
func (s *Server) sweepOnce(ctx context.Context, all, due bool) error {
	ctx, cancel := context.WithTimeout(ctx, lookupWait)
	defer cancel()
	patience := overdueAfter
	if all {
		patience = 0
	}
	doors := s.hub.all()
	ask := overdue(doors, s.now(), patience)
	if all || due {
		changed, err := s.changed(ctx, doors, ask)
		if err != nil {
			return err
		}
		ask = append(ask, changed...)
	}
	if err := s.reread(ctx, ask); err != nil {
		return err
	}
	if all || due {
		tidyBeforeACrowd(doors, s.now())
		return errors.Join(s.vets.refresh(ctx, s.cfg.Vets), s.tellEnded(ctx))
	}
	return nil
}

// crowd is how many doors that open within one sweep are worth a collection ahead of them.
const crowd = 1000

// tidyBeforeACrowd collects garbage now if a crowd of doors opens before the next sweep but one. The next collection is
// then due after about as much again as all the sockets hold, which to tell a crowd does not take: so none comes while
// thousands wait to be told, and takes the processors from them.
func tidyBeforeACrowd(doors []*door, now time.Time) {
	opening := 0
	for _, d := range doors {
		d.mu.Lock()
		if wait := d.room.OpensAt.Sub(now); wait > 0 && wait <= 2*sweepEvery {
			opening++
		}
		d.mu.Unlock()
	}
	if opening >= crowd {
		runtime.GC()
	}
}

func overdue(doors []*door, now time.Time, patience time.Duration) (late []*door) {
	for _, d := range doors {
		d.mu.Lock()
		if d.overdue(now, patience) {
			late = append(late, d)
		}
		d.mu.Unlock()
	}
	return late
}

// changed gives the doors, but for those of except, whose row is not the one that they know. The others are vouched
// for: an unchanged row and the clock say all.
func (s *Server) changed(ctx context.Context, doors, except []*door) (changed []*door, err error) {
	asked := make(map[*door]bool, len(except))
	for _, d := range except {
		asked[d] = true
	}
	doors = slices.DeleteFunc(slices.Clone(doors), func(d *door) bool { return asked[d] })
	for chunk := range slices.Chunk(doors, sweepChunk) {
		at := s.now()
		revs, err := s.cfg.Rooms.RoomRevs(ctx, idsOf(chunk))
		if err != nil {
			return nil, fmt.Errorf("read the revisions of %d rooms: %w", len(chunk), err)
		}
		for _, d := range chunk {
			d.mu.Lock()
			if rev, ok := revs[d.id]; ok && rev == d.room.Rev && d.known() {
				d.asOf = later(d.asOf, at)
				d.tell(at)
			} else if ok {
				changed = append(changed, d)
			}
			d.mu.Unlock()
		}
	}
	return changed, nil
}

// reread reads the rows of doors, in batches.
func (s *Server) reread(ctx context.Context, doors []*door) error {
	for chunk := range slices.Chunk(doors, sweepChunk) {
		at := s.now()
		rooms, err := s.cfg.Rooms.Rooms(ctx, idsOf(chunk))
		if err != nil {
			return fmt.Errorf("read %d rooms: %w", len(chunk), err)
		}
		byID := make(map[string]*clinic.Room, len(rooms))
		for _, r := range rooms {
			byID[r.ID] = r
		}
		for _, d := range chunk {
			if r := byID[d.id]; r != nil {
				s.learn(d, r, at)
				s.stats.reread.Add(1)
			}
		}
	}
	return nil
}

func idsOf(doors []*door) []string {
	ids := make([]string, len(doors))
	for i, d := range doors {
		ids[i] = d.id
	}
	return ids
}
