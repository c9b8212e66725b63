package handlers

import (
	"net/http"

	"vetroom/clinic"
)

// inRoom reads a call about a room by parse, has it done and answers with the room.
func inRoom[T any](c *call, parse func(*object) T, do func(roomID string, in T) (*clinic.View, error)) (reply, error) {
	id, err := c.id()
	if err != nil {
		return reply{}, err
	}
	in, err := read(c, parse)
	if err != nil {
		return reply{}, err
	}
	view, err := do(id, in)
	if err != nil {
		return reply{}, err
	}
	return asJSON(http.StatusOK, roomOf(view))
}

func readMinutes(o *object) int { return o.neededWhole("minutes") }

// openRoom is POST /api/v1/vet/rooms/{id}/open.
func (h *Handler) openRoom(c *call) (reply, error) {
	return inRoom(c, noBody, func(id string, _ struct{}) (*clinic.View, error) {
		return h.Desk.OpenRoom(c.ctx(), c.who.VetID, id)
	})
}

// closeRoom is POST /api/v1/vet/rooms/{id}/close.
func (h *Handler) closeRoom(c *call) (reply, error) {
	return inRoom(c, noBody, func(id string, _ struct{}) (*clinic.View, error) {
		return h.Desk.CloseRoom(c.ctx(), c.who.VetID, id)
	})
}

// delayRoom is POST /api/v1/vet/rooms/{id}/delay.
func (h *Handler) delayRoom(c *call) (reply, error) {
	return inRoom(c, readMinutes, func(id string, minutes int) (*clinic.View, error) {
		return h.Desk.DelayRoom(c.ctx(), c.who.VetID, id, minutes)
	})
}

// extendRoom is POST /api/v1/vet/rooms/{id}/extend.
func (h *Handler) extendRoom(c *call) (reply, error) {
	return inRoom(c, readMinutes, func(id string, minutes int) (*clinic.View, error) {
		return h.Desk.ExtendRoom(c.ctx(), c.who.VetID, id, minutes)
	})
}
