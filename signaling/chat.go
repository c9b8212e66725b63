package signaling

import (
	"context"

	"vetroom/clinic"
	"vetroom/events"
)

// said is a word that waits to be kept, and who shall be told when it is.
type said struct {
	clinic.ChatMessage
	line *line
}

func (p *peer) chat(m Chat) {
	if p.seat == nil {
		p.refuse(errNotJoined)
		return
	}
	now := p.srv.now()
	if !p.says.AllowN(now, 1) {
		p.refuse(errRateLimited)
		p.tolerate(now)
		return
	}
	at := clinic.Millis(now)
	if !p.pass(encode(ChatFrame{"chat", p.seat.role, m.Text, events.Time{Time: at}, m.ID}), plain, now) || p.srv.cfg.Chats == nil {
		return
	}
	p.at.mu.Lock()
	reservation := p.at.room.ReservationID
	p.at.mu.Unlock()
	p.srv.chats.note(said{clinic.ChatMessage{
		ReservationID: reservation, From: p.seat.role, Text: m.Text, At: at, ID: m.ID,
	}, p.seat.line})
}

// keepChats keeps words, and tells those who named theirs.
func (s *Server) keepChats(ctx context.Context, batch []said) error {
	messages := make([]clinic.ChatMessage, len(batch))
	for i, w := range batch {
		messages[i] = w.ChatMessage
	}
	if err := s.cfg.Chats.KeepChat(ctx, messages); err != nil {
		return err
	}
	for _, w := range batch {
		if w.ID != "" {
			w.line.send(encode(KeptFrame{"kept", w.ID, events.Time{Time: w.At}}), plain)
		}
	}
	return nil
}
