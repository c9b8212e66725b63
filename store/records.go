package store

import (
	"context"
	"database/sql/driver"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"vetroom/clinic"
)

// field is a column, and a pointer to the Go value that it is written from and read into.
type field struct {
	column string
	value  any
}

func vetFields(v *clinic.Vet, zones *zones) []field {
	search := strings.ToLower(v.Name + "\n" + v.Location + "\n" + v.Description)
	return []field{
		{"id", &v.ID}, {"login", &v.Login}, {"password_hash", &v.PasswordHash}, {"name", &v.Name}, {"img", &v.Img},
		{"location", &v.Location}, {"description", &v.Description}, {"licence_no", &v.LicenceNo}, {"lat", &v.Lat},
		{"lon", &v.Lon}, {"languages", document{&v.Languages}}, {"time_zone", zoneName{&v.Zone, zones}},
		{"hours", hours{&v.Hours, zones}}, {"search", &search}, {"permits_rev", &v.PermitsRev}, {"online", &v.Online},
		{"online_since", millis{&v.OnlineSince}}, {"rev", &v.Rev}, {"version", &v.Version},
	}
}

func reservationFields(r *clinic.Reservation) []field {
	return []field{
		{"id", &r.ID}, {"number", &r.Number}, {"vet_id", &r.VetID}, {"room_id", &r.RoomID}, {"kind", &r.Kind},
		{"state", &r.State}, {"start_at", millis{&r.Start}}, {"end_at", millis{&r.End}}, {"owner_name", &r.Owner.Name},
		{"owner_phone", &r.Owner.Phone}, {"owner_email", &r.Owner.Email}, {"owner_locale", &r.Owner.Locale},
		{"pet_name", &r.Pet.Name}, {"pet_breed", &r.Pet.Breed}, {"pet_birth_year", &r.Pet.BirthYear},
		{"pet_weight_kg", &r.Pet.WeightKg}, {"area", &r.Purpose.Area}, {"prior_visit_on", day{&r.Purpose.PriorVisitOn}},
		{"symptoms", &r.Symptoms}, {"screening_id", &r.ScreeningID}, {"created_at", millis{&r.CreatedAt}},
		{"cancelled_by", &r.CancelledBy}, {"reason_code", &r.ReasonCode}, {"reason", &r.Reason},
		{"sequence", &r.Sequence}, {"rev", &r.Rev}, {"version", &r.Version},
	}
}

func roomFields(r *clinic.Room) []field {
	return []field{
		{"id", &r.ID}, {"reservation_id", &r.ReservationID}, {"vet_id", &r.VetID}, {"opens_at", millis{&r.OpensAt}},
		{"closes_at", millis{&r.ClosesAt}}, {"opened_by", &r.OpenedBy}, {"closed_at", millis{&r.ClosedAt}},
		{"close_reason", &r.CloseReason}, {"delayed_minutes", &r.DelayedMinutes}, {"rev", &r.Rev},
		{"version", &r.Version}, {"open_version", &r.OpenVersion}, {"close_version", &r.CloseVersion},
	}
}

// The columns of each record, as a SELECT names them.
var (
	vetColumns   = columns("v.", vetFields(&clinic.Vet{}, nil))
	visitColumns = columns("r.", reservationFields(&clinic.Reservation{})) + ", " + columns("m.", roomFields(&clinic.Room{}))
	roomColumns  = columns("m.", roomFields(&clinic.Room{}))
)

func columns(prefix string, fields []field) string {
	names := make([]string, len(fields))
	for i, f := range fields {
		names[i] = prefix + f.column
	}
	return strings.Join(names, ", ")
}

func values(fields []field) []any {
	all := make([]any, len(fields))
	for i, f := range fields {
		all[i] = f.value
	}
	return all
}

// update writes all columns of the row with an id.
func update(ctx context.Context, q querier, table, id string, fields []field) error {
	query := "UPDATE " + table + " SET " + strings.ReplaceAll(columns("", fields), ", ", " = ?, ") + " = ? WHERE id = ?"
	_, err := q.ExecContext(ctx, query, append(values(fields), id)...)
	return err
}

func placeholders(n int) string {
	if n == 0 {
		return "NULL" // IN (NULL) finds nothing
	}
	return strings.Repeat("?, ", n-1) + "?"
}

func anys[T any](list []T) []any {
	all := make([]any, len(list))
	for i, v := range list {
		all[i] = v
	}
	return all
}

// query reads all rows of a SELECT: scan gives where the columns of the next one go.
func query(ctx context.Context, q querier, scan func() []any, text string, args ...any) error {
	rows, err := q.QueryContext(ctx, text, args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		if err := rows.Scan(scan()...); err != nil {
			return err
		}
	}
	return rows.Err()
}

// texts reads one column of text.
func texts(ctx context.Context, q querier, text string, args ...any) ([]string, error) {
	var all []string
	err := query(ctx, q, func() []any {
		all = append(all, "")
		return []any{&all[len(all)-1]}
	}, text, args...)
	return all, err
}

// millis is a time as Unix milliseconds; the zero time is 0.
type millis struct{ *time.Time }

// Value implements driver.Valuer.
func (m millis) Value() (driver.Value, error) { return unixMillis(*m.Time), nil }

// Scan implements sql.Scanner.
func (m millis) Scan(src any) error {
	n, err := integer(src)
	if err == nil {
		*m.Time = fromMillis(n)
	}
	return err
}

func unixMillis(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}

func fromMillis(n int64) time.Time {
	if n == 0 {
		return time.Time{}
	}
	return time.UnixMilli(n).UTC()
}

func integer(src any) (int64, error) {
	switch v := src.(type) {
	case int64:
		return v, nil
	case []byte:
		return strconv.ParseInt(string(v), 10, 64)
	}
	return 0, fmt.Errorf("%T is no whole number", src)
}

func text(src any) (string, error) {
	switch v := src.(type) {
	case string:
		return v, nil
	case []byte:
		return string(v), nil
	}
	return "", fmt.Errorf("%T is no text", src)
}

// day is a calendar day as "2026-12-25"; the zero Date is "".
type day struct{ *clinic.Date }

// Value implements driver.Valuer.
func (d day) Value() (driver.Value, error) {
	b, err := d.Date.MarshalText()
	return string(b), err
}

// Scan implements sql.Scanner.
func (d day) Scan(src any) error {
	s, err := text(src)
	if err != nil {
		return err
	}
	return d.Date.UnmarshalText([]byte(s))
}

// document is a value as JSON.
type document struct{ of any }

// Value implements driver.Valuer.
func (d document) Value() (driver.Value, error) {
	b, err := json.Marshal(d.of)
	return string(b), err
}

// Scan implements sql.Scanner.
func (d document) Scan(src any) error {
	s, err := text(src)
	if err != nil {
		return err
	}
	return json.Unmarshal([]byte(s), d.of)
}

// zoneName is a time zone by its IANA name.
type zoneName struct {
	zone **time.Location
	all  *zones
}

// Value implements driver.Valuer.
func (z zoneName) Value() (driver.Value, error) { return (*z.zone).String(), nil }

// Scan implements sql.Scanner.
func (z zoneName) Scan(src any) error {
	s, err := text(src)
	if err != nil {
		return err
	}
	*z.zone, err = z.all.load(s)
	return err
}

// hours are a vet's hours as JSON. What was read before is not read again but copied: lists of vets are read often, and
// their hours are most of the work.
type hours struct {
	of  *clinic.Hours
	all *zones
}

// Value implements driver.Valuer.
func (h hours) Value() (driver.Value, error) { return document{h.of}.Value() }

// Scan implements sql.Scanner.
func (h hours) Scan(src any) error {
	s, err := text(src)
	if err != nil {
		return err
	}
	if known, ok := h.all.knownHours(s); ok {
		*h.of = known
		return nil
	}
	*h.of = clinic.Hours{}
	if err := json.Unmarshal([]byte(s), h.of); err != nil {
		return err
	}
	h.all.learnHours(s, *h.of)
	return nil
}

// maxHours bounds how many hours are kept as they were read.
const maxHours = 10_000

// zones keeps the time zones, and the hours in them, that were read before.
type zones struct {
	known sync.Map

	mu    sync.RWMutex // guards hours
	hours map[string]clinic.Hours
}

func (z *zones) knownHours(text string) (clinic.Hours, bool) {
	z.mu.RLock()
	defer z.mu.RUnlock()
	h, ok := z.hours[text]
	return copyHours(h), ok
}

// copyHours gives hours that share nothing with these.
func copyHours(h clinic.Hours) clinic.Hours {
	h.Weekly, h.Exceptions = slices.Clone(h.Weekly), slices.Clone(h.Exceptions)
	return h
}

func (z *zones) learnHours(text string, h clinic.Hours) {
	z.mu.Lock()
	defer z.mu.Unlock()
	if z.hours == nil || len(z.hours) >= maxHours {
		z.hours = map[string]clinic.Hours{}
	}
	z.hours[text] = copyHours(h)
}

func (z *zones) load(name string) (*time.Location, error) {
	if known, ok := z.known.Load(name); ok {
		return known.(*time.Location), nil
	}
	zone, err := time.LoadLocation(name)
	if err == nil {
		z.known.Store(name, zone)
	}
	return zone, err
}
