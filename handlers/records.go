package handlers

import (
	"math"
	"net/http"

	"vetroom/clinic"
)

// recordJSON is a record as its vet sees it.
type recordJSON struct {
	Version      int64   `json:"version"`    // 0: nothing was written yet
	WrittenAt    *string `json:"written_at"` // of this version
	VetID        string  `json:"vet_id"`     // who wrote this version
	Subjective   string  `json:"subjective"`
	Objective    string  `json:"objective"`
	Assessment   string  `json:"assessment"`
	Plan         string  `json:"plan"`
	Aftercare    string  `json:"aftercare"`     // the owner reads this once the visit is over,
	VisitAdvised bool    `json:"visit_advised"` // and this
}

func recordOf(r *clinic.Record) recordJSON {
	return recordJSON{
		r.Version, wireOrNull(r.At), r.VetID, r.Subjective, r.Objective, r.Assessment, r.Plan, r.Aftercare, r.VisitAdvised,
	}
}

// readRecordJSON is a record with what was said in the room.
type readRecordJSON struct {
	recordJSON
	Chat []chatMessageJSON `json:"chat"`
}

type versionsJSON struct {
	Versions []versionJSON `json:"versions"`
}

type versionJSON struct {
	Version   int64   `json:"version"`
	WrittenAt *string `json:"written_at"`
	VetID     string  `json:"vet_id"`
}

// aftercareJSON is what the owner reads of a record.
type aftercareJSON struct {
	Text         string `json:"text"`
	VisitAdvised bool   `json:"visit_advised"`
	Vet          string `json:"vet"` // the name
	WrittenAt    string `json:"written_at"`
}

func aftercareOf(a *clinic.Aftercare) *aftercareJSON {
	if a == nil {
		return nil
	}
	return &aftercareJSON{a.Text, a.VisitAdvised, a.Vet, wire(a.At)}
}

// writing is the body of PUT /api/v1/vet/reservations/{id}/record.
type writing struct {
	clinic.Note
	basedOn *int64
}

func readWriting(o *object) writing {
	w := writing{Note: clinic.Note{
		Subjective: o.present("subjective"), Objective: o.present("objective"), Assessment: o.present("assessment"),
		Plan: o.present("plan"), Aftercare: o.present("aftercare"), VisitAdvised: o.flag("visit_advised"),
	}}
	if n := o.whole("version", -1); n >= 0 {
		version := int64(n)
		w.basedOn = &version
	} else if o.values["version"] != nil {
		o.invalid("version", "must be the version that was read, from 0")
	}
	o.adopt(w.Validate())
	return w
}

// present reads a string that must be there, and may be empty.
func (o *object) present(key string) string {
	o.sketch.need(key)
	if _, ok := o.value(key); !ok {
		o.invalid(key, "is missing")
	}
	return o.text(key)
}

// saveRecord is PUT /api/v1/vet/reservations/{id}/record.
func (h *Handler) saveRecord(c *call) (reply, error) {
	id, err := c.id()
	if err != nil {
		return reply{}, err
	}
	w, err := read(c, readWriting)
	if err != nil {
		return reply{}, err
	}
	r, err := h.Desk.SaveRecord(c.ctx(), c.who.VetID, id, w.Note, w.basedOn)
	if err != nil {
		return reply{}, err
	}
	return asJSON(http.StatusOK, recordOf(r))
}

// readVersion reads which version is asked for, 0 for the newest.
func readVersion(q *query) int { return q.whole("version", 0, 1, math.MaxInt32) }

// readRecord is GET /api/v1/vet/reservations/{id}/record, of any version.
func (h *Handler) readRecord(c *call) (reply, error) {
	id, err := c.id()
	if err != nil {
		return reply{}, err
	}
	version, err := ask(c, readVersion)
	if err != nil {
		return reply{}, err
	}
	r, err := h.Desk.Record(c.ctx(), c.who.VetID, id, int64(version))
	if err != nil {
		return reply{}, err
	}
	said, err := h.Desk.Chat(c.ctx(), c.who, id)
	if err != nil {
		return reply{}, err
	}
	return asJSON(http.StatusOK, readRecordJSON{recordOf(r), chatOf(said).Messages})
}

// listVersions is GET /api/v1/vet/reservations/{id}/record/versions.
func (h *Handler) listVersions(c *call) (reply, error) {
	id, err := c.id()
	if err != nil {
		return reply{}, err
	}
	versions, err := h.Desk.RecordVersions(c.ctx(), c.who.VetID, id)
	if err != nil {
		return reply{}, err
	}
	out := versionsJSON{make([]versionJSON, len(versions))}
	for i, v := range versions {
		out.Versions[i] = versionJSON{v.Version, wireOrNull(v.At), v.VetID}
	}
	return asJSON(http.StatusOK, out)
}

type chatJSON struct {
	Messages []chatMessageJSON `json:"messages"`
}

type chatMessageJSON struct {
	From clinic.Role `json:"from"`
	Text string      `json:"text"`
	At   string      `json:"at"`
	ID   string      `json:"id,omitempty"` // as its sender named it
}

func chatOf(messages []clinic.ChatMessage) chatJSON {
	j := chatJSON{make([]chatMessageJSON, len(messages))}
	for i, m := range messages {
		j.Messages[i] = chatMessageJSON{m.From, m.Text, wire(m.At), m.ID}
	}
	return j
}

// readChat is GET /api/v1/reservations/{id}/chat.
func (h *Handler) readChat(c *call) (reply, error) {
	id, err := c.id()
	if err != nil {
		return reply{}, err
	}
	said, err := h.Desk.Chat(c.ctx(), c.who, id)
	if err != nil {
		return reply{}, err
	}
	return asJSON(http.StatusOK, chatOf(said))
}
