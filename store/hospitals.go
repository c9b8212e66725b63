package store

import (
	"cmp"
	"context"
	"math"
	"slices"
	"strings"
	"sync"
	"time"

	"vetroom/clinic"
)

// ReplaceHospitals implements clinic.HospitalStore. Its first statement lets one import in at a time. The old rows go
// and the new ones come in one transaction, and every reader reads by one statement.
func (s *Store) ReplaceHospitals(ctx context.Context, all []clinic.Hospital) error {
	rows := make([][]field, len(all))
	for i := range all {
		place := i
		rows[i] = append([]field{{"place", &place}}, hospitalFields(&all[i])...)
	}
	return s.writeAgain(ctx, "replace the hospitals", func(t *tx) error {
		if err := t.bump(ctx, "UPDATE hospital_register SET version = version + 1 WHERE id = ?", 1); err != nil {
			return err
		}
		if _, err := t.ExecContext(ctx, "DELETE FROM hospitals"); err != nil {
			return err
		}
		return t.insert(ctx, "hospitals", "", rows...)
	})
}

func hospitalFields(h *clinic.Hospital) []field {
	return []field{{"name", &h.Name}, {"address", &h.Address}, {"phone", &h.Phone}, {"lat", &h.Lat}, {"lon", &h.Lon}}
}

// Hospitals implements clinic.HospitalStore.
func (s *Store) Hospitals(ctx context.Context, near clinic.Place, limit int) ([]clinic.Hospital, error) {
	register, err := s.hospitals.read(ctx, s)
	if err != nil {
		return nil, s.fault("look for hospitals", err)
	}
	return register.nearest(near, limit), nil
}

// FindHospitals implements clinic.HospitalStore.
func (s *Store) FindHospitals(ctx context.Context, words []string, limit int) ([]clinic.Hospital, error) {
	register, err := s.hospitals.read(ctx, s)
	if err != nil {
		return nil, s.fault("look for hospitals", err)
	}
	return register.named(words, limit), nil
}

// hospitals is the register as it was read last. A country has a few thousand hospitals, and the nearest of all are a
// matter of microseconds once they are in memory: exact wherever one stands, in a city or on an island, where a search
// by growing boxes would have to ask the database again and again.
type hospitals struct {
	mu      sync.Mutex // guards last and reading
	last    *register
	reading *reading
}

// register is one version of the register. It is not changed.
type register struct {
	version int64
	all     []clinic.Hospital
	points  []point  // of each
	words   []string // of each, to be searched in: name and address, in small letters
}

// point is a place as a vector of length 1 from the middle of the earth.
type point struct{ x, y, z float64 }

// reading is a read that is under way, for all who come meanwhile.
type reading struct {
	done chan struct{} // closed when it ended; then err may be read
	err  error
}

// readTime bounds one read of the whole register, which goes on though the one who asked first goes away.
const readTime = 10 * time.Second

// read gives the register. One small query tells whether the last one read is still the newest.
func (h *hospitals) read(ctx context.Context, s *Store) (*register, error) {
	var version int64
	if err := s.reader.QueryRowContext(ctx, "SELECT version FROM hospital_register WHERE id = 1").Scan(&version); err != nil {
		return nil, err
	}
	for {
		last, r := h.lastOrReading(ctx, s, version)
		if r == nil {
			return last, nil
		}
		select {
		case <-r.done:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
		if r.err != nil {
			return nil, r.err
		}
	}
}

// lastOrReading gives the register if it is of the version or newer, else the read that is under way, which it begins
// if none is. That one may have begun too early to find the version: then another follows.
func (h *hospitals) lastOrReading(ctx context.Context, s *Store, version int64) (*register, *reading) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.last != nil && h.last.version >= version {
		return h.last, nil
	}
	if h.reading == nil {
		h.reading = &reading{done: make(chan struct{})}
		go h.readAnew(context.WithoutCancel(ctx), s, h.reading)
	}
	return nil, h.reading
}

func (h *hospitals) readAnew(ctx context.Context, s *Store, r *reading) {
	ctx, cancel := context.WithTimeout(ctx, readTime)
	defer cancel()
	got, err := s.readRegister(ctx)
	h.mu.Lock()
	if r.err, h.reading = err, nil; err == nil {
		h.last = got
	}
	h.mu.Unlock()
	close(r.done)
}

// readRegister reads version and hospitals by one statement, so that they belong together.
func (s *Store) readRegister(ctx context.Context) (*register, error) {
	type row struct {
		version int64
		name    *string
		address *string
		phone   *string
		lat     *float64
		lon     *float64
	}
	var rows []*row
	err := query(ctx, s.reader, func() []any {
		r := &row{}
		rows = append(rows, r)
		return []any{&r.version, &r.name, &r.address, &r.phone, &r.lat, &r.lon}
	}, `SELECT r.version, h.name, h.address, h.phone, h.lat, h.lon FROM hospital_register r
		LEFT JOIN hospitals h ON 1 = 1 WHERE r.id = 1 ORDER BY h.place`)
	if err != nil {
		return nil, err
	}
	got := &register{}
	for _, r := range rows {
		if got.version = r.version; r.name != nil {
			place := clinic.Place{Lat: *r.lat, Lon: *r.lon}
			got.all = append(got.all, clinic.Hospital{Name: *r.name, Address: *r.address, Phone: *r.phone, Place: place})
			got.points = append(got.points, pointOf(place))
			got.words = append(got.words, strings.ToLower(*r.name+"\n"+*r.address))
		}
	}
	return got, nil
}

func pointOf(p clinic.Place) point {
	lat, lon := p.Lat*math.Pi/180, p.Lon*math.Pi/180
	return point{math.Cos(lat) * math.Cos(lon), math.Cos(lat) * math.Sin(lon), math.Sin(lat)}
}

// away is the square of the straight line between two points, which grows with the distance over ground.
func (p point) away(q point) float64 {
	dx, dy, dz := p.x-q.x, p.y-q.y, p.z-q.z
	return dx*dx + dy*dy + dz*dz
}

// nearest gives the hospitals nearest to a place. It keeps the best so far in order, into which few of all get.
func (r *register) nearest(near clinic.Place, limit int) []clinic.Hospital {
	type candidate struct {
		away float64
		i    int
	}
	from, best := pointOf(near), make([]candidate, 0, limit+1)
	for i, p := range r.points {
		c := candidate{p.away(from), i}
		if len(best) == limit && c.away >= best[limit-1].away {
			continue
		}
		at, _ := slices.BinarySearchFunc(best, c, func(a, b candidate) int {
			return cmp.Or(cmp.Compare(a.away, b.away), cmp.Compare(a.i, b.i))
		})
		best = slices.Insert(best, at, c)
		best = best[:min(len(best), limit)]
	}
	found := make([]clinic.Hospital, len(best))
	for i, c := range best {
		found[i] = r.all[c.i]
	}
	return found
}

// named gives the first hospitals whose name and address hold all words.
func (r *register) named(words []string, limit int) []clinic.Hospital {
	small := make([]string, len(words))
	for i, w := range words {
		small[i] = strings.ToLower(w)
	}
	var found []clinic.Hospital
	for i, text := range r.words {
		lacks := func(w string) bool { return !strings.Contains(text, w) }
		if len(found) < limit && !slices.ContainsFunc(small, lacks) {
			found = append(found, r.all[i])
		}
	}
	return found
}
