package signaling

import (
	"bytes"
	"strconv"
	"sync"

	"vetroom/clinic"
)

// hop is the way to one other process. Frames wait until the reader that brought them has nothing more to read, or until
// they are many, and go together in one message: what a hop costs is shared the more, the more there is to carry. While
// one message is being published the next gathers.
//
// A message is one line of JSON, {"frames":N}, and behind it for each frame a line of room, side, mark and length, and
// the frame, which passes untouched.
type hop struct {
	node string

	mu      sync.Mutex // guards what follows
	waiting []byte     // room for the first line, and then frames, each behind its own; empty for none
	count   int        // of them
	spare   []byte     // what was sent, for what is next
	room    sync.Cond  // what waited is on its way
	running bool       // somebody publishes
}

const (
	hopBytes = 256 << 10 // wait at most: more than the largest frame, and less than a message may have
	hopPiece = 32 << 10  // do not wait for the reader
)

// hopHead is the first line of a message, with room for its count.
const hopHead = `{"frames":          }` + "\n"

// hopTo gives the way to a process. The few that there are, and were since the start, are kept.
func (s *Server) hopTo(node string) *hop {
	s.hopsMu.RLock()
	h := s.hops[node]
	s.hopsMu.RUnlock()
	if h != nil {
		return h
	}
	s.hopsMu.Lock()
	defer s.hopsMu.Unlock()
	if h = s.hops[node]; h == nil {
		h = &hop{node: node}
		h.room.L = &h.mu
		s.hops[node] = h
	}
	return h
}

// relay has a frame wait for the process that has the seat, and gives the hop, which the caller carries before it waits
// for anything. The frame stays the caller's. While too much waits already the caller does: its client is read no further.
func (s *Server) relay(node string, r relayed) *hop {
	s.stats.relayedFar.Add(1)
	if s.cfg.Bus == nil {
		return nil
	}
	h := s.hopTo(node)
	h.mu.Lock()
	for h.running && len(h.waiting)+len(r.Frame)+maxHopLine > hopBytes {
		h.room.Wait()
	}
	if h.count == 0 {
		if h.waiting == nil {
			h.waiting, h.spare = h.spare, nil
		}
		h.waiting = append(h.waiting[:0], hopHead...)
	}
	h.waiting = r.append(h.waiting)
	h.count++
	full := len(h.waiting) > hopPiece
	h.mu.Unlock()
	if full {
		s.carry(h)
	}
	return h
}

// carry publishes what waits, unless somebody does already. What gathers meanwhile is published aside. What cannot be
// published is lost, as all that passes on the bus may be.
func (s *Server) carry(h *hop) {
	batch := h.begin()
	if batch == nil {
		return
	}
	s.send(subjectNode+h.node, batch)
	if batch = h.next(batch); batch != nil {
		s.running.Go(func() {
			for batch != nil {
				s.send(subjectNode+h.node, batch)
				batch = h.next(batch)
			}
		})
	}
}

// begin gives what waits to who shall publish; nil if nothing does, or somebody publishes already.
func (h *hop) begin() []byte {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.running || h.count == 0 {
		return nil
	}
	h.running = true
	return h.take()
}

// next gives what gathered while the last was sent. If that is nothing, nobody publishes any more.
func (h *hop) next(sent []byte) []byte {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.spare = sent[:0]
	if h.count == 0 {
		h.running = false
		return nil
	}
	return h.take()
}

// take makes a message of what waits. h.mu is held.
func (h *hop) take() []byte {
	batch := h.waiting
	count := strconv.Itoa(h.count)
	copy(batch[len(hopHead)-len("}\n")-len(count):], count)
	h.waiting, h.spare, h.count = h.spare, nil, 0
	h.room.Broadcast()
	return batch
}

// maxHopLine is more than the line before a frame takes.
const maxHopLine = MaxID + 64

func (r relayed) append(b []byte) []byte {
	b = append(b, r.Room...)
	b = append(b, ' ')
	b = append(b, r.To...)
	b = strconv.AppendInt(append(b, ' '), int64(r.Mark), 10)
	b = strconv.AppendInt(append(b, ' '), int64(len(r.Frame)), 10)
	return append(append(b, '\n'), r.Frame...)
}

// nextRelayed takes the first frame from b. Its own is a copy with room for a number, since it is kept until it is
// acknowledged.
func nextRelayed(b []byte) (r relayed, rest []byte, ok bool) {
	line, rest, _ := bytes.Cut(b, []byte("\n"))
	room, line, _ := bytes.Cut(line, []byte(" "))
	to, line, _ := bytes.Cut(line, []byte(" "))
	m, size, _ := bytes.Cut(line, []byte(" "))
	n, err := strconv.Atoi(string(size))
	kind, err2 := strconv.Atoi(string(m))
	if err != nil || err2 != nil || n < 0 || n > len(rest) {
		return relayed{}, nil, false
	}
	r = relayed{Room: string(room), To: clinic.Role(to), Mark: mark(kind)}
	r.Frame = append(make([]byte, 0, n+numberRoom), rest[:n]...)
	return r, rest[n:], true
}
