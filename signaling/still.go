package signaling

// subjectStill carries of which room a still has news, and nothing of what it shows.
const subjectStill = "_vr.still"

// stillChanged is what passes on _vr.still.
type stillChanged struct {
	Room string `json:"room"`
	ID   string `json:"id"` // the still's
}

// TellStill tells both seats of a room and who watches it, at all processes, that one of its stills is new or has changed.
// It is a nudge to read, and no promise: a page that comes back reads by itself.
func (s *Server) TellStill(room, id string) {
	if s.cfg.Bus == nil {
		s.tellStill(stillChanged{room, id})
		return
	}
	s.publish(subjectStill, stillChanged{room, id}) // heard here too
}

// TellStill does the same from a process that has no sockets itself.
func TellStill(bus Bus, room, id string) error {
	return bus.Publish(subjectStill, append(encode(stillChanged{room, id}), '\n'))
}

func (s *Server) hearStill(data []byte) {
	var m stillChanged
	if _, ok := s.unpack(data, &m); ok {
		s.tellStill(m)
	}
}

func (s *Server) tellStill(m stillChanged) {
	if d := s.hub.find(m.Room); d != nil {
		d.tellAll(encode(StillFrame{"still", m.Room, m.ID}), map[*peer]bool{}, map[*line]bool{})
	}
}
