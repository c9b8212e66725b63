package signaling

// subjectRecord carries of which room the visit's record was written, and nothing of what it says.
const subjectRecord = "_vr.record"

// recordWritten is what passes on _vr.record.
type recordWritten struct {
	Room string `json:"room"`
}

// TellRecord tells who watches a room, at all processes, that the record of its visit was written. It is a nudge to read,
// and no promise: a page that is opened or looked at again reads by itself.
func (s *Server) TellRecord(room string) {
	if s.cfg.Bus == nil {
		s.tellRecord(room)
		return
	}
	s.publish(subjectRecord, recordWritten{room}) // heard here too
}

// TellRecord does the same from a process that has no sockets itself.
func TellRecord(bus Bus, room string) error {
	return bus.Publish(subjectRecord, append(encode(recordWritten{room}), '\n'))
}

func (s *Server) hearRecord(data []byte) {
	var m recordWritten
	if _, ok := s.unpack(data, &m); ok {
		s.tellRecord(m.Room)
	}
}

func (s *Server) tellRecord(room string) {
	d := s.hub.find(room)
	if d == nil {
		return
	}
	frame := encode(RecordFrame{"record", room})
	d.mu.Lock()
	defer d.mu.Unlock()
	for p := range d.watchers {
		p.send(frame)
	}
}
