package store

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"vetroom/clinic"
)

// Vets implements clinic.VetStore. Its order is by name, or by distance to a tenth of a second of arc, those who say no
// place last. A cursor that Vets did not give starts from the beginning.
func (s *Store) Vets(ctx context.Context, q clinic.VetQuery) ([]*clinic.Vet, string, error) {
	vets, next, err := s.vetPage(ctx, q)
	return vets, next, s.fault("list vets", err)
}

func (s *Store) vetPage(ctx context.Context, q clinic.VetQuery) ([]*clinic.Vet, string, error) {
	where, args, err := s.vetConditions(ctx, q)
	if err != nil {
		return nil, "", err
	}
	order := "v.name"
	if q.Near != nil {
		order = distance(*q.Near)
	}
	if after, ok := parseCursor(q.Cursor, q.Near != nil); ok {
		where = append(where, fmt.Sprintf("(%s > ? OR %s = ? AND v.id > ?)", order, order))
		args = append(args, after.at(), after.at(), after.ID)
	}
	tail := "FROM vets v"
	if len(where) > 0 {
		tail += " WHERE " + strings.Join(where, " AND ")
	}
	tail += fmt.Sprintf(" ORDER BY %s, v.id LIMIT %d", order, q.Limit+1)
	vets, err := s.current(ctx, tail, args...)
	if err != nil || len(vets) <= q.Limit {
		return vets, "", err
	}
	vets = vets[:q.Limit]
	next, err := s.cursorAfter(ctx, vets[q.Limit-1], q.Near)
	return vets, next, err
}

func (s *Store) vetConditions(ctx context.Context, q clinic.VetQuery) (where []string, args []any, err error) {
	if q.Online {
		where = append(where, "v.online")
	}
	if text := strings.ToLower(strings.TrimSpace(strings.ToValidUTF8(q.Text, ""))); text != "" {
		escaped := strings.NewReplacer("|", "||", "%", "|%", "_", "|_").Replace(text)
		where, args = append(where, "v.search LIKE ? ESCAPE '|'"), append(args, "%"+escaped+"%")
	}
	if q.Area != "" {
		today, zones, err := s.todays(ctx, q.Day)
		if err != nil {
			return nil, nil, err
		}
		where = append(where, `EXISTS (SELECT 1 FROM permits p WHERE p.vet_id = v.id AND p.areas LIKE ?
			AND p.valid_from <= `+today+` AND p.valid_until >= `+today+`)`)
		args = append(append(append(args, "%,"+string(q.Area)+",%"), zones...), zones...)
	}
	return where, args, nil
}

// todays gives an expression of the calendar day that it is at an instant for vet v, by the zones in use.
func (s *Store) todays(ctx context.Context, at time.Time) (string, []any, error) {
	names, err := texts(ctx, s.reader, "SELECT DISTINCT time_zone FROM vets")
	if err != nil {
		return "", nil, err
	}
	expression, args := "CASE v.time_zone", []any(nil)
	for _, name := range names {
		zone, err := s.zones.load(name)
		if err != nil {
			return "", nil, err
		}
		expression += " WHEN ? THEN ?"
		args = append(args, name, clinic.DateOf(at, zone).String())
	}
	if len(names) == 0 {
		return "''", nil, nil
	}
	return expression + " ELSE '' END", args, nil
}

// nowhere is the distance of a vet who says no place: farther than any other.
const nowhere = 1 << 53

// distance gives an expression of how far vet v is from a place: the square of the equirectangular distance in degrees
// of latitude, as a whole number, so that every database gives the same and a cursor can name it.
func distance(p clinic.Place) string {
	number := func(f float64) string { return strconv.FormatFloat(f, 'e', -1, 64) }
	cos := math.Cos(p.Lat * math.Pi / 180)
	lat := fmt.Sprintf("(v.lat - %s)", number(p.Lat))
	lon := fmt.Sprintf("ABS(v.lon - %s)", number(p.Lon))
	lon = fmt.Sprintf("(CASE WHEN %s > 180 THEN 360 - %s ELSE %s END)", lon, lon, lon)
	return fmt.Sprintf("COALESCE(ROUND((%s * %s + %s * %s * %s) * 1e10), %d)", lat, lat, lon, lon, number(cos*cos), nowhere)
}

// cursor names the last vet of a page.
type cursor struct {
	Name     *string `json:"n,omitempty"`
	Distance *int64  `json:"d,omitempty"`
	ID       string  `json:"i"`
}

func (c cursor) at() any {
	if c.Distance != nil {
		return *c.Distance
	}
	return *c.Name
}

func (s *Store) cursorAfter(ctx context.Context, v *clinic.Vet, near *clinic.Place) (string, error) {
	c := cursor{ID: v.ID, Name: &v.Name}
	if near != nil {
		var d float64 // whole
		row := s.reader.QueryRowContext(ctx, "SELECT "+distance(*near)+" FROM vets v WHERE v.id = ?", v.ID)
		if err := row.Scan(&d); err != nil {
			return "", err
		}
		whole := int64(d)
		c.Name, c.Distance = nil, &whole
	}
	b, err := json.Marshal(c)
	return base64.RawURLEncoding.EncodeToString(b), err
}

func parseCursor(s string, byDistance bool) (c cursor, ok bool) {
	b, err := base64.RawURLEncoding.DecodeString(s)
	if err != nil || json.Unmarshal(b, &c) != nil || !plain(c.ID) {
		return cursor{}, false
	}
	return c, (c.Distance != nil) == byDistance && (c.Name != nil) != byDistance
}
