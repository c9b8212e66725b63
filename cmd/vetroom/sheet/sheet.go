// Package sheet reads tables that people made: CSV with a row of names at the head, as UTF-8 or as CP949, which Excel
// writes in Korea. Columns are found by name, in whatever order they stand.
package sheet

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding/korean"
	"golang.org/x/text/transform"
)

// Sheet is a table that is being read.
type Sheet struct {
	Names []string // of the columns, as they stand at the head, without spaces around
	rows  *csv.Reader
	read  *counter
}

// Row is one row. Line is the line of the file in which it begins, the head being 1.
type Row struct {
	Line  int
	cells []string
}

// BadRow says that a row cannot be read, and why; the next can be.
type BadRow struct {
	Line int
	Why  string
}

func (e *BadRow) Error() string { return fmt.Sprintf("line %d: %s", e.Line, e.Why) }

const (
	mark     = "\xef\xbb\xbf" // of UTF-8, at the beginning of a file
	longHead = 64 << 10       // bytes; no head is longer
)

// New reads the head of a table. It fails where there is none.
func New(r io.Reader) (*Sheet, error) {
	plain := bufio.NewReaderSize(r, longHead)
	head, err := plain.Peek(longHead)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	if line, _, _ := bytes.Cut(head, []byte("\n")); bytes.IndexByte(line, 0) >= 0 {
		return nil, errors.New("this is no CSV file in UTF-8 or CP949")
	}
	read := &counter{r: plain}
	s := &Sheet{rows: csv.NewReader(decoded(read, head)), read: read}
	s.rows.FieldsPerRecord, s.rows.ReuseRecord = -1, true
	names, err := s.rows.Read()
	if err != nil {
		return nil, fmt.Errorf("read the names of the columns: %w", err)
	}
	for _, name := range names {
		s.Names = append(s.Names, strings.TrimSpace(name))
	}
	return s, nil
}

// decoded reads text, whichever of the two it is. The head tells: Korean names in CP949 are no UTF-8.
func decoded(r io.Reader, head []byte) io.Reader {
	if bytes.HasPrefix(head, []byte(mark)) {
		io.CopyN(io.Discard, r, int64(len(mark))) // is there: it was peeked at
		return r
	}
	if line, _, _ := bytes.Cut(head, []byte("\n")); utf8.Valid(line) && !isASCII(line) || utf8.Valid(whole(head)) {
		return r
	}
	return transform.NewReader(r, korean.EUCKR.NewDecoder()) // the WHATWG's EUC-KR, which is CP949
}

// whole is text without the letter that its end may have cut.
func whole(text []byte) []byte {
	for n := len(text) - 1; n >= 0 && n >= len(text)-utf8.UTFMax; n-- {
		if utf8.RuneStart(text[n]) {
			if !utf8.FullRune(text[n:]) {
				return text[:n]
			}
			break
		}
	}
	return text
}

func isASCII(text []byte) bool {
	for _, b := range text {
		if b >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// Next gives the next row, which is good until the one after. It returns io.EOF behind the last, and a *BadRow for one
// that cannot be read. Any other error ends the reading.
func (s *Sheet) Next() (Row, error) {
	cells, err := s.rows.Read()
	var parse *csv.ParseError
	switch {
	case errors.As(err, &parse) && parse.Line > parse.StartLine:
		return Row{}, fmt.Errorf("lines %d to %d hang together: a quotation mark is missing", parse.StartLine, parse.Line)
	case errors.As(err, &parse):
		return Row{}, &BadRow{parse.Line, fmt.Sprintf("column %d: %v", parse.Column, parse.Err)}
	case err != nil:
		return Row{}, err
	}
	line, _ := s.rows.FieldPos(0)
	if bad := s.check(cells); bad != "" {
		return Row{}, &BadRow{line, bad}
	}
	return Row{line, cells}, nil
}

func (s *Sheet) check(cells []string) string {
	if len(cells) < len(s.Names) || strings.TrimSpace(strings.Join(cells[len(s.Names):], "")) != "" {
		return fmt.Sprintf("has %d columns, the head has %d", len(cells), len(s.Names))
	}
	for i, cell := range cells {
		if !utf8.ValidString(cell) || strings.ContainsRune(cell, utf8.RuneError) {
			return fmt.Sprintf("column %d holds letters that cannot be read", i+1)
		}
	}
	return ""
}

// Read is how many bytes of the file were taken so far, to a few thousand.
func (s *Sheet) Read() int64 { return s.read.n }

// Column finds the column of a name, or of the first of several that there is; -1 if there is none.
func (s *Sheet) Column(names ...string) int {
	for _, name := range names {
		for i, there := range s.Names {
			if strings.EqualFold(there, name) {
				return i
			}
		}
	}
	return -1
}

// Text gives a cell without spaces around it; "" where there is no such column.
func (r Row) Text(column int) string { return strings.TrimSpace(r.Cell(column)) }

// Cell gives a cell as it is.
func (r Row) Cell(column int) string {
	if column < 0 || column >= len(r.cells) {
		return ""
	}
	return r.cells[column]
}

// counter counts what is read.
type counter struct {
	r io.Reader
	n int64
}

func (c *counter) Read(b []byte) (int, error) {
	n, err := c.r.Read(b)
	c.n += int64(n)
	return n, err
}
