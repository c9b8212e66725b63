package handlers

import (
	"context"
	"net/http"
	"sync/atomic"
	"time"

	"vetroom/clinic"
)

// instantJSON is a request for a consultation now, as its owner sees it.
type instantJSON struct {
	ID            string              `json:"id"`
	State         clinic.InstantState `json:"state"`
	Position      int                 `json:"position"` // among those that wait, from 1; 0 for one that does not
	ReservationID string              `json:"reservation_id,omitempty"`
	Vet           *seenVetJSON        `json:"vet,omitempty"` // who is asked, or who accepted
	RingsUntil    *string             `json:"rings_until"`   // when the next vet is asked; null unless it rings
	AskedAt       string              `json:"asked_at"`
	ExpiresAt     string              `json:"expires_at"` // nobody is asked any more from then on
}

// ringJSON is a request as the vet sees whom it rings: the animal, and not yet who brings it.
type ringJSON struct {
	ID          string              `json:"id"`
	State       clinic.InstantState `json:"state"`
	AskedAt     string              `json:"asked_at"`
	RingsUntil  *string             `json:"rings_until"`
	Pet         petJSON             `json:"pet"`
	Visit       visitJSON           `json:"visit"`
	Symptoms    string              `json:"symptoms"`
	ScreeningID string              `json:"screening_id,omitempty"`
	Screening   *screeningJSON      `json:"screening,omitempty"` // where all that rings is listed
}

type ringsJSON struct {
	Requests []ringJSON `json:"requests"`
	Waiting  int        `json:"waiting"` // other requests that nobody has accepted yet
}

func petOf(p clinic.Pet) petJSON { return petJSON{p.Name, p.Breed, p.BirthYear, p.WeightKg} }

func visitOf(p clinic.Purpose) visitJSON {
	j := visitJSON{Area: p.Area}
	if !p.PriorVisitOn.IsZero() {
		j.PriorVisitOn = p.PriorVisitOn.String()
	}
	return j
}

func ringOf(v *clinic.InstantView, vetID string) ringJSON {
	j := ringJSON{
		ID: v.ID, State: v.StateFor(vetID), AskedAt: wire(v.CreatedAt), Pet: petOf(v.Pet), Visit: visitOf(v.Purpose),
		Symptoms: v.Symptoms, ScreeningID: v.ScreeningID,
	}
	if j.State == clinic.InstantRinging {
		j.RingsUntil = wireOrNull(v.RingEnds)
	}
	return j
}

// instantOf tells of the vet by name.
func (h *Handler) instantOf(c *call, v *clinic.InstantView) (instantJSON, error) {
	j := instantJSON{
		ID: v.ID, State: v.State, Position: v.Position, ReservationID: v.ReservationID,
		RingsUntil: wireOrNull(v.RingEnds), AskedAt: wire(v.CreatedAt), ExpiresAt: wire(v.ExpiresAt),
	}
	if v.VetID != "" {
		vet, err := h.Desk.Store.Vet(c.ctx(), v.VetID)
		if err != nil {
			return instantJSON{}, err
		}
		j.Vet = &seenVetJSON{vet.ID, vet.Name, vet.Img, vet.Location, vet.Zone.String()}
	}
	return j, nil
}

// readAsk reads the body of POST /api/v1/instant.
func readAsk(now time.Time) func(*object) clinic.AskRequest {
	return func(o *object) clinic.AskRequest {
		q := clinic.AskRequest{VetID: o.text("vet_id"), Request: readRequest(o, now)}
		if q.VetID != "" && !isID(q.VetID) {
			o.invalid("vet_id", "must be a vet's id")
		}
		q.ScreeningID = o.screeningID()
		return q
	}
}

// ask asks for an owner, within the brakes of bookings, and gives the browser the session that holds the request. What
// could be right counts, also if it is refused: to find out costs about as much as to ring.
func (h *Handler) ask(c *call, q clinic.AskRequest) (*clinic.InstantView, error) {
	session, issue, err := c.ownerSession()
	if err != nil {
		return nil, err
	}
	q.Session = session
	q.Normalise()
	if err := q.Request.Validate(c.now); err != nil {
		return nil, err
	}
	var try *act
	if c.who.VetID == "" {
		if try, err = enter(c.ctx(), demand{h.brakes.reservations, neighbourhood(c.address)}); err != nil {
			return nil, err
		}
	}
	defer try.settle(true)
	turn, err := enter(c.ctx(), demand{h.brakes.phone, clinic.NormalPhone(q.Owner.Phone)})
	if err != nil {
		return nil, err
	}
	defer turn.settle(false)
	view, err := h.Desk.Ask(c.ctx(), q)
	if err != nil {
		return nil, err
	}
	issue()
	return view, nil
}

// askNow is POST /api/v1/instant.
func (h *Handler) askNow(c *call) (reply, error) {
	q, canonical, err := readAll(c, readAsk(c.now))
	if err != nil {
		return reply{}, err
	}
	if q.Key, err = c.key("ask", canonical); err != nil {
		return reply{}, err
	}
	view, err := h.ask(c, q)
	if err != nil {
		return reply{}, err
	}
	answer, err := h.answerInstant(c, http.StatusAccepted, view)
	return answer.with("Location", "/api/v1/instant/"+view.ID), err
}

func (h *Handler) answerInstant(c *call, status int, v *clinic.InstantView) (reply, error) {
	out, err := h.instantOf(c, v)
	if err != nil {
		return reply{}, err
	}
	return asJSON(status, out)
}

// readInstant is GET /api/v1/instant/{id}.
func (h *Handler) readInstant(c *call) (reply, error) {
	id, err := c.id()
	if err != nil {
		return reply{}, err
	}
	view, err := h.Desk.Instant(c.ctx(), c.who, id)
	if err != nil {
		return reply{}, err
	}
	return h.answerInstant(c, http.StatusOK, view)
}

// leaveInstant is DELETE /api/v1/instant/{id}.
func (h *Handler) leaveInstant(c *call) (reply, error) {
	id, err := c.id()
	if err != nil {
		return reply{}, err
	}
	if _, err := read(c, noBody); err != nil {
		return reply{}, err
	}
	return nothing(), h.Desk.LeaveInstant(c.ctx(), c.who, id)
}

// listRings is GET /api/v1/vet/instant: what rings for the vet now.
func (h *Handler) listRings(c *call) (reply, error) {
	standing, err := h.Desk.InstantNews(c.ctx(), nil)
	if err != nil {
		return reply{}, err
	}
	out := ringsJSON{Requests: []ringJSON{}}
	for _, v := range standing {
		if v.StateFor(c.who.VetID) != clinic.InstantRinging {
			out.Waiting++
			continue
		}
		ring, err := c.ringWithScreening(v)
		if err != nil {
			return reply{}, err
		}
		out.Requests = append(out.Requests, ring)
	}
	answer, err := asJSON(http.StatusOK, out)
	return answer.with("Content-Language", c.lang).with("Vary", "Accept-Language, Cookie"), err
}

// ringWithScreening tells of what rings for the caller, with the screening that the owner attached.
func (c *call) ringWithScreening(v *clinic.InstantView) (ringJSON, error) {
	j := ringOf(v, c.who.VetID)
	if v.ScreeningID == "" {
		return j, nil
	}
	s, err := c.h.Desk.Store.Screening(c.ctx(), v.ScreeningID)
	if isNothing(err) { // forgotten meanwhile
		return j, nil
	}
	j.Screening = c.screeningOf(s)
	return j, err
}

// acceptRing is POST /api/v1/vet/instant/{id}/accept.
func (h *Handler) acceptRing(c *call) (reply, error) {
	id, err := c.id()
	if err != nil {
		return reply{}, err
	}
	if _, err := read(c, noBody); err != nil {
		return reply{}, err
	}
	return answerReservation(h.Desk.AcceptInstant(c.ctx(), c.who.VetID, id))
}

// declineRing is POST /api/v1/vet/instant/{id}/decline.
func (h *Handler) declineRing(c *call) (reply, error) {
	id, err := c.id()
	if err != nil {
		return reply{}, err
	}
	if _, err := read(c, noBody); err != nil {
		return reply{}, err
	}
	view, err := h.Desk.DeclineInstant(c.ctx(), c.who.VetID, id)
	if err != nil {
		return reply{}, err
	}
	return asJSON(http.StatusOK, ringOf(view, c.who.VetID))
}

// readyJSON is what the clinic can do now.
type readyJSON struct {
	Online    int  `json:"online"`             // vets who are online and permitted today
	Free      int  `json:"free"`               // of them, who could be asked at once
	Waiting   int  `json:"waiting"`            // requests that nobody has accepted yet
	UsualWait *int `json:"usual_wait_seconds"` // until a vet accepted, lately; null: not known
}

// readReady is GET /api/v1/instant.
func (h *Handler) readReady(c *call) (reply, error) {
	r, err := h.readiness(c.ctx())
	if err != nil {
		return reply{}, err
	}
	out := readyJSON{Online: r.Online, Free: r.Free, Waiting: r.Waiting}
	if r.UsualWait > 0 {
		seconds := int((r.UsualWait + time.Second - 1) / time.Second)
		out.UsualWait = &seconds
	}
	return asJSON(http.StatusOK, out)
}

// readinessFor is how long a count of who is there is shown to everybody who asks.
const readinessFor = 2 * time.Second

// readinessCache keeps the newest count. One of those who find it old counts again, the others are told the old one.
type readinessCache struct {
	newest   atomic.Pointer[countedReadiness]
	counting atomic.Bool
}

type countedReadiness struct {
	clinic.Readiness
	at time.Time
}

// readiness is [clinic.Desk.Readiness], as it was at most some seconds ago.
func (h *Handler) readiness(ctx context.Context) (clinic.Readiness, error) {
	now, known := h.Clock.Now(), h.ready.newest.Load()
	if known != nil && now.Sub(known.at) < readinessFor {
		return known.Readiness, nil
	}
	if !h.ready.counting.CompareAndSwap(false, true) {
		if known != nil {
			return known.Readiness, nil
		}
		return h.Desk.Readiness(ctx)
	}
	defer h.ready.counting.Store(false)
	r, err := h.Desk.Readiness(ctx)
	if err == nil {
		h.ready.newest.Store(&countedReadiness{r, now})
	}
	return r, err
}
