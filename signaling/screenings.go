package signaling

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"vetroom/clinic"
	"vetroom/events"
)

// lookBack is how far the sweep looks for screenings whose events were missed: longer than a break of the broker that
// nobody notices, and than the pause between two sweeps.
const lookBack = 30 * time.Second

// screeningNews tells sockets of screenings. An event says that there is news; the row says what, and whom it concerns,
// which no event does. What an event did not tell the sweep finds.
type screeningNews struct {
	waiting chan string // ids of which events came

	mu   sync.Mutex          // guards what follows
	told map[string]toldOnce // by id, of those that ended lately
}

// toldOnce is what was last told of a screening, and when that was.
type toldOnce struct {
	version int64
	at      time.Time
}

func newScreeningNews() screeningNews {
	return screeningNews{waiting: make(chan string, 1024), told: map[string]toldOnce{}}
}

// followScreenings takes the events of screenings. They are read from the database aside, so that a slow one does not
// hold up the stream, and many that come together are read together.
func (s *Server) followScreenings(ctx context.Context, fail context.CancelCauseFunc) {
	var reader sync.WaitGroup
	defer reader.Wait()
	reader.Go(func() { s.tellScreenings(ctx) })
	if err := s.cfg.Feed.Follow(ctx, "AI", s.Refresh, s.hearScreening); err != nil {
		fail(fmt.Errorf("follow the events of screenings: %w", err))
	}
}

// hearScreening notes that a screening has news. Where too many wait the sweep will tell.
func (s *Server) hearScreening(m events.Message) {
	id := m.Subject[strings.LastIndexByte(m.Subject, '.')+1:]
	select {
	case s.screenings.waiting <- id:
	default:
	}
}

func (s *Server) tellScreenings(ctx context.Context) {
	for {
		var ids []string
		select {
		case <-ctx.Done():
			return
		case id := <-s.screenings.waiting:
			ids = append(ids, id)
		}
		for len(s.screenings.waiting) > 0 && len(ids) < sweepChunk {
			ids = append(ids, <-s.screenings.waiting)
		}
		limited, cancel := context.WithTimeout(ctx, lookupWait)
		news, err := s.cfg.Screenings.ScreeningNews(limited, ids)
		cancel()
		if err != nil {
			s.cfg.Log.Warn("read screenings; the sweep tells of them", "error", err)
			continue
		}
		s.tellNews(news)
	}
}

// tellEnded tells of what ended lately and was not told.
func (s *Server) tellEnded(ctx context.Context) error {
	now := s.now()
	news, err := s.cfg.Screenings.ScreeningsEnded(ctx, now.Add(-lookBack))
	if err != nil {
		return fmt.Errorf("read what screenings ended: %w", err)
	}
	s.tellNews(news)
	s.screenings.forget(now.Add(-2 * lookBack))
	return nil
}

func (s *Server) tellNews(news []clinic.ScreeningNews) {
	now := s.now()
	for _, n := range news {
		if s.screenings.isNew(n, now) {
			s.tellScreening(n)
		}
	}
}

// isNew notes a screening as told, unless it was.
func (w *screeningNews) isNew(n clinic.ScreeningNews, now time.Time) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if n.Version <= w.told[n.ID].version {
		return false
	}
	w.told[n.ID] = toldOnce{n.Version, now}
	return true
}

func (w *screeningNews) forget(before time.Time) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for id, was := range w.told {
		if was.at.Before(before) {
			delete(w.told, id)
		}
	}
}

// tellScreening tells each socket that it concerns once.
func (s *Server) tellScreening(n clinic.ScreeningNews) {
	frame := encode(ScreeningFrame{"screening", n.ID, n.State})
	s.mu.Lock()
	peers := slices.Clone(s.owned[ownedBySession(n.Session)])
	s.mu.Unlock()
	told := make(map[*peer]bool, len(peers))
	lines := make(map[*line]bool, len(peers))
	for _, p := range peers {
		told[p] = true
		lines[p.line.Load()] = true
		p.send(frame)
	}
	for _, room := range n.Rooms {
		if d := s.hub.find(room); d != nil {
			d.tellAll(frame, told, lines)
		}
	}
}

// tellAll tells those who watch the door or sit at it, but for those who were told.
func (d *door) tellAll(frame []byte, told map[*peer]bool, lines map[*line]bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for p := range d.watchers {
		if !told[p] {
			told[p] = true
			lines[p.line.Load()] = true
			p.send(frame)
		}
	}
	for _, t := range d.seats {
		if t != nil && !lines[t.line] {
			lines[t.line] = true
			t.line.send(frame, plain)
		}
	}
}
