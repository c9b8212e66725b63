package handlers

import "net/http"

// listVets is GET /api/v1/vets.
func (h *Handler) listVets(c *call) (reply, error) {
	q, err := ask(c, readVetQuery)
	if err != nil {
		return reply{}, err
	}
	cards, next, err := h.Desk.Vets(c.ctx(), q)
	if err != nil {
		return reply{}, err
	}
	out := vetsJSON{Vets: make([]vetJSON, len(cards))}
	for i, card := range cards {
		out.Vets[i] = vetOf(card, q.Near)
	}
	if next != "" {
		out.NextCursor = &next
	}
	return asJSON(http.StatusOK, out)
}

// readVet is GET /api/v1/vets/{id}.
func (h *Handler) readVet(c *call) (reply, error) {
	id, err := c.id()
	if err != nil {
		return reply{}, err
	}
	near, err := ask(c, readNear)
	if err != nil {
		return reply{}, err
	}
	card, err := h.Desk.Vet(c.ctx(), id)
	if err != nil {
		return reply{}, err
	}
	return asJSON(http.StatusOK, vetDetailOf(card, near))
}

// listSlots is GET /api/v1/vets/{id}/slots.
func (h *Handler) listSlots(c *call) (reply, error) {
	id, err := c.id()
	if err != nil {
		return reply{}, err
	}
	span, err := ask(c, readDays)
	if err != nil {
		return reply{}, err
	}
	vet, slots, err := h.Desk.Slots(c.ctx(), id, span.from, span.days)
	if err != nil {
		return reply{}, err
	}
	return asJSON(http.StatusOK, slotsOf(vet, slots))
}
