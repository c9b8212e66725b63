package sheet

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"golang.org/x/text/encoding/korean"
)

func cp949(t *testing.T, text string) string {
	t.Helper()
	encoded, err := korean.EUCKR.NewEncoder().String(text)
	if err != nil {
		t.Fatal(err)
	}
	return encoded
}

// readAll gives each row as "line: cell|cell", and what was wrong with those that cannot be read.
func readAll(t *testing.T, file string) (rows, bad []string, err error) {
	t.Helper()
	s, err := New(strings.NewReader(file))
	if err != nil {
		return nil, nil, err
	}
	for {
		row, err := s.Next()
		var unread *BadRow
		switch {
		case errors.Is(err, io.EOF):
			return rows, bad, nil
		case errors.As(err, &unread):
			bad = append(bad, unread.Error())
		case err != nil:
			return rows, bad, err
		default:
			cells := make([]string, len(s.Names))
			for i := range cells {
				cells[i] = row.Text(i)
			}
			rows = append(rows, fmt.Sprintf("%d: %s", row.Line, strings.Join(cells, "|")))
		}
	}
}

// TestLetters holds that Korean is read in either encoding, with and without a mark, also letters of CP949 that are not
// of EUC-KR, and where names are English.
func TestLetters(t *testing.T) {
	korean, english := "이름,곳\r\n햏 동물병원,\"서울, 마포구\"\r\n", "name,place\n햏 동물병원,\"서울, 마포구\"\n"
	for name, file := range map[string]string{
		"UTF-8": korean, "UTF-8 with its mark": "\xef\xbb\xbf" + korean, "CP949": cp949(t, korean),
		"English head, UTF-8": english, "English head, CP949": cp949(t, english), "English head, UTF-8 with its mark": "\xef\xbb\xbf" + english,
		"no line end": strings.TrimSpace(korean), "empty columns more": strings.ReplaceAll(korean, "구\"", "구\",, "),
	} {
		rows, bad, err := readAll(t, file)
		if want := "2: 햏 동물병원|서울, 마포구"; err != nil || len(bad) > 0 || len(rows) != 1 || rows[0] != want {
			t.Errorf("%s: read %q, bad %q, %v", name, rows, bad, err)
		}
	}
}

// TestLettersBehindALongBeginning holds that the encoding is also told where a letter is cut by the end of what is
// looked at.
func TestLettersBehindALongBeginning(t *testing.T) {
	for shift := range 4 {
		file := "name,place\n" + strings.Repeat("x", shift) + strings.Repeat("서", longHead) + ",울\n"
		rows, bad, err := readAll(t, file)
		if err != nil || len(bad) > 0 || len(rows) != 1 || !strings.HasSuffix(rows[0], "서|울") {
			t.Errorf("%d: %d rows, bad %q, %v", shift, len(rows), bad, err)
		}
	}
}

// TestBadRows holds that what cannot be read is told by its line, and keeps nothing else from being read.
func TestBadRows(t *testing.T) {
	rows, bad, err := readAll(t, "이름,곳\n하나,서울\n둘\n셋,서울,강남\n넷,\xff서울\n\"다\"섯,서울\n\n여섯,\"서\n울\"\n일곱,서울\n")
	wantRows := "2: 하나|서울,8: 여섯|서\n울,10: 일곱|서울"
	if err != nil || strings.Join(rows, ",") != wantRows {
		t.Errorf("read %q, %v, want %q", rows, err, wantRows)
	}
	for i, line := range []string{"line 3: has 1 columns", "line 4: has 3 columns", "line 5: column 2 holds", "line 6: column"} {
		if i >= len(bad) || !strings.HasPrefix(bad[i], line) {
			t.Errorf("bad are %q, want %q", bad, line)
		}
	}
	if len(bad) != 4 {
		t.Errorf("%d are bad: %q", len(bad), bad)
	}
	if _, bad, err = readAll(t, cp949(t, "이름,곳\n")+"\xb0,\xff\n"); err != nil || len(bad) != 1 {
		t.Errorf("what is no CP949: bad %q, %v", bad, err)
	}
}

// TestNoSheet holds what is no table at all, and one in which a missing mark would swallow rows.
func TestNoSheet(t *testing.T) {
	for name, file := range map[string]string{
		"nothing": "", "UTF-16": "\xff\xfen\x00a\x00m\x00e\x00\n\x00", "an open quotation": "이름,곳\n\"하나,서울\n둘,서울\n셋,서울\n",
	} {
		if rows, _, err := readAll(t, file); err == nil {
			t.Errorf("%s: read %q", name, rows)
		}
	}
}

func TestColumn(t *testing.T) {
	s, err := New(strings.NewReader("b, A ,c\n"))
	if err != nil {
		t.Fatal(err)
	}
	if s.Column("a") != 1 || s.Column("x", "c") != 2 || s.Column("x") != -1 {
		t.Errorf("the columns of %q are not found", s.Names)
	}
}
