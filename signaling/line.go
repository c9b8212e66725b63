package signaling

import "sync"

// line is what one seat is told: it numbers every frame, keeps it until it is acknowledged, and passes it to the
// socket that holds the seat now. While there is none it only keeps.
type line struct {
	frames, bytes int // how much is kept at most

	mu      sync.Mutex // guards what follows; taken before a peer's
	peer    *peer      // nil while away
	n       uint64     // of the last frame
	acked   uint64
	lost    uint64 // the last frame that was dropped unacknowledged: nothing before it can be resumed
	kept    []keptFrame
	keptLen int
	openN   uint64 // the first room frame that said open, until it is acknowledged
	answerN uint64 // the first answer to an offer of this seat, until it is acknowledged
}

type keptFrame struct {
	n     uint64
	frame []byte
}

// mark says what it would mean that a frame is acknowledged.
type mark int

const (
	plain    mark = iota
	opening       // a room frame that says open
	anAnswer      // a signal that holds an answer
)

// acks is what an acknowledgement was the first to tell.
type acks struct {
	open, answer bool
}

func newLine(l Limits) *line { return &line{frames: l.Replay, bytes: l.ReplayBytes} }

// send numbers, keeps and passes on. The frame stays as it is.
func (l *line) send(frame []byte, m mark) {
	l.sendOwn(append(make([]byte, 0, len(frame)+numberRoom), frame...), m)
}

// sendOwn does the same with a frame that nobody else has, nor has any more.
func (l *line) sendOwn(frame []byte, m mark) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.n++
	switch {
	case m == opening && l.openN == 0:
		l.openN = l.n
	case m == anAnswer && l.answerN == 0:
		l.answerN = l.n
	}
	frame = numberOwn(frame, l.n)
	l.keep(frame)
	if l.peer != nil {
		l.peer.push(frame)
	}
}

func (l *line) keep(frame []byte) {
	l.kept = append(l.kept, keptFrame{l.n, frame})
	l.keptLen += len(frame)
	for len(l.kept) > l.frames || l.keptLen > l.bytes {
		l.lost = l.kept[0].n
		l.drop(1)
	}
}

func (l *line) drop(count int) {
	for _, k := range l.kept[:count] {
		l.keptLen -= len(k.frame)
	}
	clear(l.kept[:count])
	if l.kept = l.kept[count:]; len(l.kept) == 0 {
		l.kept = nil
	}
}

// ack notes that everything up to n was handled. It is false for a number that was never sent.
func (l *line) ack(n uint64) (acks, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.acknowledge(n)
}

func (l *line) acknowledge(n uint64) (told acks, ok bool) {
	if n > l.n {
		return acks{}, false
	}
	if n <= l.acked {
		return acks{}, true
	}
	l.acked = n
	gone := 0
	for gone < len(l.kept) && l.kept[gone].n <= n {
		gone++
	}
	l.drop(gone)
	told.open = l.reached(&l.openN)
	told.answer = l.reached(&l.answerN)
	return told, true
}

// reached tells once that a mark was acknowledged; the mark is then out of reach for good.
func (l *line) reached(n *uint64) bool {
	if *n == 0 || *n > l.acked {
		return false
	}
	*n = ^uint64(0)
	return true
}

// attach gives the line to a socket, at its beginning.
func (l *line) attach(p *peer) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.peer = p
	p.line.Store(l)
}

// resume gives the line to a socket that handled everything up to seen, and sends it the rest. It is false, and does
// nothing, if some of that is not known any more. A socket that still had the line is told that it was replaced.
func (l *line) resume(p *peer, seen uint64) (told acks, ok bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if seen > l.n || seen < l.lost || seen < l.acked {
		return acks{}, false
	}
	told, _ = l.acknowledge(seen)
	if old := l.peer; old != nil {
		old.line.CompareAndSwap(l, nil)
		old.push(numbered(errorFrame(errReplaced), l.n+1)) // the last one there: the line itself goes on here
		old.end(errReplaced.closes, "replaced")
	}
	l.peer = p
	p.line.Store(l)
	for _, k := range l.kept {
		p.push(k.frame)
	}
	return told, true
}

// detach takes the line from the socket, and tells whether that one had it.
func (l *line) detach(p *peer) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.peer == nil || l.peer != p {
		return false
	}
	l.peer = nil
	p.line.CompareAndSwap(l, nil)
	return true
}

// replace ends the line: whoever has it is told why, as that another socket took the seat.
func (l *line) replace(why *refusal) {
	l.send(errorFrame(why), plain)
	l.mu.Lock()
	old := l.peer
	l.peer = nil
	l.mu.Unlock()
	if old != nil {
		old.line.CompareAndSwap(l, nil)
		old.end(why.closes, string(why.code))
	}
}

// away tells whether no socket has the line.
func (l *line) away() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.peer == nil
}
