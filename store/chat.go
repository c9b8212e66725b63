package store

import (
	"context"
	"strings"

	"vetroom/clinic"
)

// KeepChat implements clinic.ChatStore. Of what would be more than clinic.MaxChats of a reservation nothing is kept.
func (s *Store) KeepChat(ctx context.Context, messages []clinic.ChatMessage) error {
	if len(messages) == 0 {
		return nil
	}
	return s.writeAgain(ctx, "keep the chat", func(t *tx) error {
		kept, err := t.chatted(ctx, messages)
		if err != nil {
			return err
		}
		var rows [][]field
		for i := range messages {
			m := &messages[i]
			if kept[m.ReservationID] >= clinic.MaxChats {
				continue
			}
			kept[m.ReservationID]++
			rows = append(rows, []field{
				{"reservation_id", &m.ReservationID}, {"said_at", millis{&m.At}}, {"party", &m.From}, {"body", &m.Text}, {"named", named(m)},
			})
		}
		return t.run(ctx, inserts(t.d, "chats", t.d.keepFirst("chats", "named"), rows...)...)
	})
}

// named is by what a message is known again; NULLs are not the same to a unique key.
func named(m *clinic.ChatMessage) *string {
	if !plain(m.ID) {
		return nil
	}
	return ptr(string(m.From) + " " + m.ID)
}

// chatted counts what is kept of the messages' reservations.
func (t *tx) chatted(ctx context.Context, messages []clinic.ChatMessage) (map[string]int, error) {
	type count struct {
		of string
		n  int
	}
	var ids []string
	for _, m := range messages {
		ids = append(ids, m.ReservationID)
	}
	ids = distinct(ids)
	var rows []*count
	err := query(ctx, t, func() []any {
		c := &count{}
		rows = append(rows, c)
		return []any{&c.of, &c.n}
	}, "SELECT reservation_id, COUNT(*) FROM chats WHERE reservation_id IN ("+placeholders(len(ids))+") GROUP BY reservation_id", anys(ids)...)
	counts := make(map[string]int, len(ids))
	for _, c := range rows {
		counts[c.of] = c.n
	}
	return counts, err
}

// Chat implements clinic.ChatStore.
func (s *Store) Chat(ctx context.Context, reservationID string) ([]clinic.ChatMessage, error) {
	if !plain(reservationID) {
		return nil, nil
	}
	var rows []*clinic.ChatMessage
	err := query(ctx, s.reader, func() []any {
		m := &clinic.ChatMessage{ReservationID: reservationID}
		rows = append(rows, m)
		return []any{millis{&m.At}, &m.From, &m.Text, senderName{&m.ID}}
	}, "SELECT said_at, party, body, named FROM chats WHERE reservation_id = ? ORDER BY said_at, id", reservationID)
	return dereference(rows), s.fault("read a chat", err)
}

// senderName is a message's name without its sender's role.
type senderName struct{ of *string }

// Scan implements sql.Scanner.
func (n senderName) Scan(src any) error {
	if src == nil {
		return nil
	}
	s, err := text(src)
	_, *n.of, _ = strings.Cut(s, " ")
	return err
}
