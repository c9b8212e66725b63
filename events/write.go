package events

import (
	"encoding/json"
	"strconv"
	"time"
)

// writer is a payload that writes itself: what is encoded several times for each booking. Its bytes are those that
// encoding/json makes of its fields, without its reflection and its second look at every time.
type writer interface{ write(*object) }

// object is a JSON object that is being written.
type object struct{ buf []byte }

// key begins a member.
func (o *object) key(name string) {
	separator := byte(',')
	if len(o.buf) == 0 || o.buf[len(o.buf)-1] == '{' {
		separator = '{'
	}
	if separator == ',' || len(o.buf) == 0 {
		o.buf = append(o.buf, separator)
	}
	o.buf = append(append(append(o.buf, '"'), name...), '"', ':')
}

func (o *object) text(name, value string) {
	o.key(name)
	for _, c := range []byte(value) {
		if c < ' ' || c > '~' || c == '"' || c == '\\' || c == '<' || c == '>' || c == '&' {
			quoted, _ := json.Marshal(value) // a string always can be
			o.buf = append(o.buf, quoted...)
			return
		}
	}
	o.buf = append(append(append(o.buf, '"'), value...), '"')
}

// some writes a text that is not empty.
func (o *object) some(name, value string) {
	if value != "" {
		o.text(name, value)
	}
}

func (o *object) number(name string, value int64) {
	o.key(name)
	o.buf = strconv.AppendInt(o.buf, value, 10)
}

// positive writes a number that is not zero.
func (o *object) positive(name string, value int) {
	if value != 0 {
		o.number(name, int64(value))
	}
}

func (o *object) time(name string, t Time) {
	o.key(name)
	o.buf = t.append(o.buf)
}

// known writes a time that is given.
func (o *object) known(name string, t *Time) {
	if t != nil {
		o.time(name, *t)
	}
}

// append writes "2026-12-01T05:30:00.000Z". Seconds have a quick way in the library, milliseconds have not.
func (t Time) append(b []byte) []byte {
	u := t.UTC()
	b = append(b, '"')
	b = u.Truncate(time.Second).AppendFormat(b, time.RFC3339)
	ms := u.Nanosecond() / int(time.Millisecond)
	b[len(b)-1] = '.' // for its Z
	return append(b, byte('0'+ms/100), byte('0'+ms/10%10), byte('0'+ms%10), 'Z', '"')
}

func (b Booking) write(o *object) {
	o.number("version", b.Version)
	o.text("reservation_id", b.ReservationID)
	o.text("vet_id", b.VetID)
	o.time("start", b.Start)
	o.time("end", b.End)
	o.text("kind", string(b.Kind))
	o.text("room_id", b.RoomID)
	o.known("previous_start", b.PreviousStart)
	o.some("previous_vet_id", b.PreviousVetID)
	o.some("cancelled_by", string(b.CancelledBy))
	o.some("reason_code", string(b.ReasonCode))
	o.positive("minutes_before", b.MinutesBefore)
}

func (r Room) write(o *object) {
	o.number("version", r.Version)
	o.text("room_id", r.RoomID)
	o.text("reservation_id", r.ReservationID)
	o.text("vet_id", r.VetID)
	o.time("opens_at", r.OpensAt)
	o.time("closes_at", r.ClosesAt)
	o.some("opened_by", string(r.OpenedBy))
	o.known("scheduled_for", r.ScheduledFor)
	o.known("opened_at", r.OpenedAt)
	o.positive("delayed_minutes", r.DelayedMinutes)
	o.some("reason", string(r.Reason))
}

// write writes the attributes and then the data.
func (e *envelope[D]) write(o *object) error {
	o.text("specversion", e.SpecVersion)
	o.text("id", e.ID)
	o.text("source", e.Source)
	o.text("type", e.Type)
	o.text("subject", e.Subject)
	o.time("time", e.Time)
	o.text("datacontenttype", e.DataContentType)
	o.key("data")
	if w, ok := any(e.Data).(writer); ok {
		data := object{append(o.buf, '{')}
		w.write(&data)
		o.buf = append(data.buf, '}', '}')
		return nil
	}
	data, err := json.Marshal(e.Data)
	o.buf = append(append(o.buf, data...), '}')
	return err
}
