// Package localdata reads the national register of animal hospitals, as LOCALDATA (localdata.go.kr, of the Ministry of
// the Interior and Safety) publishes it: the file 02_03_01_P, CSV in CP949 or UTF-8, with coordinates of EPSG:5174.
package localdata

import (
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"

	"vetroom/clinic"
	"vetroom/cmd/vetroom/sheet"
)

// Summary says what became of each row. Read is the sum of the others.
type Summary struct {
	Read, Taken, Closed, Placeless, Bad int
}

// Reader reads the register. Rows tell all that is not plainly taken or closed.
type Reader struct {
	Summary
	sheet *sheet.Sheet
	columns
	seen map[string]int // the line of each hospital's number
}

// columns are where what is read stands, or -1.
type columns struct {
	authority, serial, statusCode, status, name, phone, road, lot, x, y int
}

// The names of the columns, those of the file until 2025 first, then those of its successor.
func columnsOf(s *sheet.Sheet) (columns, error) {
	c := columns{
		authority: s.Column("개방자치단체코드"), serial: s.Column("관리번호"),
		statusCode: s.Column("영업상태구분코드", "영업상태코드"), status: s.Column("영업상태명"),
		name: s.Column("사업장명"), phone: s.Column("소재지전화", "전화번호"),
		road: s.Column("도로명전체주소", "도로명주소"), lot: s.Column("소재지전체주소", "지번주소"),
		x: coordinate(s, "x"), y: coordinate(s, "y"),
	}
	var missing []string
	for _, need := range []struct {
		there bool
		name  string
	}{
		{c.name >= 0, "사업장명"}, {c.status >= 0 || c.statusCode >= 0, "영업상태명"}, {c.road >= 0 || c.lot >= 0, "도로명전체주소"},
		{c.phone >= 0, "소재지전화"}, {c.x >= 0, "좌표정보(X)"}, {c.y >= 0, "좌표정보(Y)"},
	} {
		if !need.there {
			missing = append(missing, need.name)
		}
	}
	if len(missing) > 0 {
		return c, fmt.Errorf("this is not LOCALDATA's register of animal hospitals: it has no column %s", strings.Join(missing, ", "))
	}
	return c, nil
}

// coordinate finds the column of a coordinate: 좌표정보(X), 좌표정보x(epsg5174), 좌표정보X(EPSG5174). One that says it is
// of another system is not taken for it.
func coordinate(s *sheet.Sheet, axis string) int {
	return s.Column("좌표정보("+axis+")", "좌표정보"+axis+"(epsg5174)", "좌표정보"+axis+"(epsg:5174)", "좌표정보"+axis)
}

// NewReader reads the head of the register.
func NewReader(r io.Reader) (*Reader, error) {
	s, err := sheet.New(r)
	if err != nil {
		return nil, err
	}
	c, err := columnsOf(s)
	return &Reader{sheet: s, columns: c, seen: map[string]int{}}, err
}

// BytesRead is how much of the file was read so far.
func (r *Reader) BytesRead() int64 { return r.sheet.Read() }

// Left is a row that was left out though its hospital may be in business.
type Left struct {
	Line int
	Why  string
}

func (l Left) String() string { return fmt.Sprintf("line %d: %s", l.Line, l.Why) }

// Next reads one row. It gives a hospital in business, or tells why the row was left out, or neither for one that is
// closed. It returns io.EOF behind the last row; any other error ends the reading.
func (r *Reader) Next() (*clinic.Hospital, *Left, error) {
	row, err := r.sheet.Next()
	var unread *sheet.BadRow
	switch {
	case errors.As(err, &unread):
		r.Read++
		return r.bad(unread.Line, "%s", unread.Why)
	case err != nil:
		return nil, nil, err
	}
	r.Read++
	switch open, err := r.inBusiness(row); {
	case err != nil:
		return r.bad(row.Line, "%v", err)
	case !open:
		r.Closed++
		return nil, nil, nil
	}
	return r.hospital(row)
}

func (r *Reader) bad(line int, why string, args ...any) (*clinic.Hospital, *Left, error) {
	r.Bad++
	return nil, &Left{line, fmt.Sprintf(why, args...)}, nil
}

// hospital reads the row of a hospital in business.
func (r *Reader) hospital(row sheet.Row) (*clinic.Hospital, *Left, error) {
	h := clinic.Hospital{Name: line(row.Text(r.name)), Phone: line(row.Text(r.phone)), Address: line(row.Text(r.road))}
	if h.Address == "" {
		h.Address = line(row.Text(r.lot))
	}
	if number := row.Text(r.authority) + " " + row.Text(r.serial); row.Text(r.serial) != "" {
		if before := r.seen[number]; before > 0 {
			return r.bad(row.Line, "has the number 관리번호 of line %d", before)
		}
		r.seen[number] = row.Line
	}
	x, y := row.Text(r.x), row.Text(r.y)
	if x == "" && y == "" {
		r.Placeless++
		return nil, &Left{row.Line, "has no coordinates: " + h.Name}, nil
	}
	place, err := placeOf(x, y)
	if err != nil {
		return r.bad(row.Line, "%v", err)
	}
	h.Place = place
	if err := h.Validate(); err != nil {
		return r.bad(row.Line, "%v", fields(err))
	}
	r.Taken++
	return &h, nil, nil
}

// The states of a business, by code and by name (영업상태구분코드, 영업상태명).
var (
	openCode, openName       = "1", "영업/정상"
	closedCodes, closedNames = []string{"2", "3", "4", "5"}, []string{"휴업", "폐업", "취소/말소/만료/정지/중지", "제외/삭제/전출"}
)

// inBusiness tells whether a hospital is. Code and name must not disagree; a row that says neither is none to send
// anybody to.
func (r *Reader) inBusiness(row sheet.Row) (bool, error) {
	code, name := strings.TrimLeft(row.Text(r.statusCode), "0"), row.Text(r.status)
	open, closed := code == openCode || name == openName, slices.Contains(closedCodes, code) || slices.Contains(closedNames, name)
	if open == closed {
		return false, fmt.Errorf("says not whether it is in business: %q %q", row.Text(r.statusCode), name)
	}
	return open, nil
}

// The bounds of South Korea with its islands, degrees.
const south, north, west, east = 32.5, 39, 124, 132.5

// placeOf reads coordinates of EPSG:5174. What lies outside the country is a slip, or of another system.
func placeOf(x, y string) (clinic.Place, error) {
	east5174, err1 := strconv.ParseFloat(x, 64)
	north5174, err2 := strconv.ParseFloat(y, 64)
	if err1 != nil || err2 != nil {
		return clinic.Place{}, fmt.Errorf("its coordinates are no numbers: %q, %q", x, y)
	}
	p := toWGS84(east5174, north5174)
	if !(p.Lat >= south && p.Lat <= north && p.Lon >= west && p.Lon <= east) {
		return clinic.Place{}, fmt.Errorf("its coordinates lie outside Korea: %s, %s", x, y)
	}
	return clinic.Place{Lat: round(p.Lat), Lon: round(p.Lon)}, nil
}

// round keeps seven decimals of a degree, a centimetre.
func round(degrees float64) float64 { return math.Round(degrees*1e7) / 1e7 }

// line makes one line of a cell that may have several, or many spaces.
func line(text string) string { return strings.Join(strings.Fields(text), " ") }

// fields says what is wrong in a row, without a sentence about it.
func fields(err error) error {
	var refused *clinic.Error
	if !errors.As(err, &refused) || len(refused.Fields) == 0 {
		return err
	}
	all := make([]string, len(refused.Fields))
	for i, f := range refused.Fields {
		all[i] = f.Field + " " + f.Detail
	}
	return errors.New(strings.Join(all, "; "))
}
