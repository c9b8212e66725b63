package handlers

import (
	"net/http"
)

// alternativesJSON are the vets who could take over.
type alternativesJSON struct {
	Late           bool      `json:"late"` // the own vet is; without that nobody takes over
	DelayedMinutes int       `json:"delayed_minutes"`
	Vets           []vetJSON `json:"vets"`
}

// listAlternatives is GET /api/v1/reservations/{id}/alternatives.
func (h *Handler) listAlternatives(c *call) (reply, error) {
	id, err := c.id()
	if err != nil {
		return reply{}, err
	}
	near, err := ask(c, readNear)
	if err != nil {
		return reply{}, err
	}
	view, cards, err := h.Desk.Alternatives(c.ctx(), c.who, id)
	if err != nil {
		return reply{}, err
	}
	out := alternativesJSON{view.Lateness.Late, view.Lateness.Minutes, make([]vetJSON, len(cards))}
	for i, card := range cards {
		out.Vets[i] = vetOf(card, near)
	}
	return asJSON(http.StatusOK, out)
}

func readNewVet(o *object) string {
	id := o.needed("vet_id")
	if id != "" && !isID(id) {
		o.invalid("vet_id", "must be a vet's id")
	}
	return id
}

// transferReservation is POST /api/v1/reservations/{id}/transfer.
func (h *Handler) transferReservation(c *call) (reply, error) {
	id, err := c.id()
	if err != nil {
		return reply{}, err
	}
	vetID, err := read(c, readNewVet)
	if err != nil {
		return reply{}, err
	}
	return answerReservation(h.Desk.Transfer(c.ctx(), c.who, id, vetID))
}
