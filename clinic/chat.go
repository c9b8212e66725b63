package clinic

import (
	"context"
	"time"
)

// ChatMessage is one word of the chat in a room.
type ChatMessage struct {
	ReservationID string
	From          Role
	Text          string
	At            time.Time // UTC, when the server passed it on
	ID            string    // as its sender named it, so that the same sent again is kept once; or ""
}

// MaxChats is how many messages of one reservation are kept: whatever comes beyond is passed on and forgotten.
const MaxChats = 5000

// ChatStore keeps what was said in the chat, as long as the reservation.
type ChatStore interface {
	// KeepChat keeps messages, all or none. One whose sender had named another so is dropped.
	KeepChat(ctx context.Context, messages []ChatMessage) error
	// Chat gives what was said, in the order of its passing.
	Chat(ctx context.Context, reservationID string) ([]ChatMessage, error)
}

// Chat gives what was said in a reservation's room, to who may see it.
func (d *Desk) Chat(ctx context.Context, who Who, id string) ([]ChatMessage, error) {
	seen, err := d.Store.Look(ctx, Looking{Reservation: id, Session: who.Session})
	if err != nil {
		return nil, err
	}
	if _, err := seen.role(who); err != nil {
		return nil, err
	}
	return d.Store.Chat(ctx, id)
}
