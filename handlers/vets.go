package handlers

import "net/http"

// listVets is GET /api/v1/vets.
func (h *Handler) listVets(c *call) (reply, error) {
	in := c.query()
	q := readVetQuery(in)
	if err := in.faults.err(); err != nil {
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
	in := c.query()
	near := in.place("near")
	id, err := c.id()
	if err != nil {
		return reply{}, err
	}
	if err := in.faults.err(); err != nil {
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
	in := c.query()
	from, days := in.day("from"), in.whole("days", 7, -1, 1<<20) // the domain knows the true bounds
	if err := in.faults.err(); err != nil {
		return reply{}, err
	}
	vet, slots, err := h.Desk.Slots(c.ctx(), id, from, days)
	if err != nil {
		return reply{}, err
	}
	return asJSON(http.StatusOK, slotsOf(vet, slots))
}
