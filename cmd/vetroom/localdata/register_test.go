package localdata_test

import (
	"errors"
	"io"
	"slices"
	"strings"
	"testing"

	"vetroom/clinic"
	"vetroom/cmd/vetroom/localdata"
	"vetroom/cmd/vetroom/localdata/localdatatest"
)

type kind = localdatatest.Row

// at is Seoul City Hall.
const atX, atY = 197_986.7455, 451_579.8510

func open(number int) kind { return localdatatest.Open(number, "마포 동물병원", atX, atY) }

func read(t *testing.T, file string) (found []clinic.Hospital, left []string, sum localdata.Summary, err error) {
	t.Helper()
	r, err := localdata.NewReader(strings.NewReader(file))
	if err != nil {
		return nil, nil, sum, err
	}
	for {
		h, l, err := r.Next()
		if errors.Is(err, io.EOF) {
			return found, left, r.Summary, nil
		}
		if err != nil {
			return found, left, r.Summary, err
		}
		if h != nil {
			found = append(found, *h)
		}
		if l != nil {
			left = append(left, l.String())
		}
	}
}

var wantOpen = clinic.Hospital{
	Name: "마포 동물병원", Phone: "02-0000-0007", Address: "서울특별시 마포구 양화로 7, 1층 (서교동)", Place: clinic.Place{Lat: 37.5665, Lon: 126.978},
}

// TestRegister holds that the register is read in both encodings, with columns in any order and under each of their
// names.
func TestRegister(t *testing.T) {
	row := open(7)
	renamed := strings.NewReplacer("좌표정보(X)", "좌표정보x(epsg5174)", "좌표정보(Y)", "좌표정보y(epsg5174)")
	successor := strings.NewReplacer("영업상태구분코드", "영업상태코드", "소재지전화", "전화번호", "소재지전체주소", "지번주소", "도로명전체주소", "도로명주소")
	for name, file := range map[string]string{
		"CP949": localdatatest.CP949(t, row), "UTF-8": localdatatest.UTF8(t, row), "UTF-8 with its mark": "\xef\xbb\xbf" + localdatatest.UTF8(t, row),
		"another order": localdatatest.Write(t, localdatatest.Shuffled(), []kind{row}), "suffixes": renamed.Replace(localdatatest.UTF8(t, row)),
		"the successor's names": successor.Replace(localdatatest.UTF8(t, row)),
	} {
		found, left, sum, err := read(t, file)
		if err != nil || len(left) > 0 || !slices.Equal(found, []clinic.Hospital{wantOpen}) || sum != (localdata.Summary{Read: 1, Taken: 1}) {
			t.Errorf("%s: read %+v, left %q, %+v, %v", name, found, left, sum, err)
		}
	}
}

// TestLeft holds that each row which is left out is told by its line, but for those of the closed, which are counted.
func TestLeft(t *testing.T) {
	file := localdatatest.CP949(t,
		open(1),
		localdatatest.Closed(2, "옛날 동물병원"),
		open(3).With("좌표정보(X)", "").With("좌표정보(Y)", " "),
		open(4).With("좌표정보(X)", "동쪽"),
		open(5).With("좌표정보(X)", "451579").With("좌표정보(Y)", "1979860"),
		open(6).With("좌표정보(Y)", ""),
		open(7).With("좌표정보(X)", "NaN"),
		open(8).With("사업장명", ""),
		open(9).With("영업상태구분코드", "03"), // the name says otherwise
		open(10).With("영업상태구분코드", "").With("영업상태명", ""),
		open(1).With("사업장명", "또 마포 동물병원"),
		open(12).With("영업상태구분코드", "1").With("도로명전체주소", ""),
		open(13).With("사업장명", "두 줄\n동물병원"),
		open(14).With("영업상태구분코드", "02").With("영업상태명", "휴업"),
	)
	found, left, sum, err := read(t, file)
	if want := (localdata.Summary{Read: 14, Taken: 3, Closed: 2, Placeless: 1, Bad: 8}); err != nil || sum != want {
		t.Errorf("the summary is %+v, %v, want %+v", sum, err, want)
	}
	for i, want := range []string{
		"line 4: has no coordinates: 마포 동물병원", "line 5: its coordinates are no numbers", "line 6: its coordinates lie outside Korea",
		"line 7: its coordinates are no numbers", "line 8: its coordinates lie outside Korea", "line 9: name is missing",
		"line 10: says not whether", "line 11: says not whether", "line 12: has the number 관리번호 of line 2",
	} {
		if i >= len(left) || !strings.HasPrefix(left[i], want) {
			t.Errorf("left %d is not %q in\n%s", i, want, strings.Join(left, "\n"))
		}
	}
	if len(left) != 9 || len(found) != 3 || found[1].Address != "서울특별시 마포구 서교동 12번지" || found[2].Name != "두 줄 동물병원" {
		t.Errorf("%d left, found %+v", len(left), found)
	}
}

// TestAnotherFile holds that a table which is not the register is refused, with what it lacks.
func TestAnotherFile(t *testing.T) {
	for file, want := range map[string]string{
		"이름,전화\n": "사업장명", "": "names of the columns",
		strings.Replace(localdatatest.UTF8(t), "좌표정보(X)", "좌표정보x(epsg5181)", 1): "좌표정보(X)",
	} {
		if _, _, _, err := read(t, file); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.20q: %v, want a word of %s", file, err, want)
		}
	}
}

// TestWholeRegister reads a register of the size of the real one.
func TestWholeRegister(t *testing.T) {
	found, left, sum, err := read(t, localdatatest.CP949(t, localdatatest.Register(10_000)...))
	if want := (localdata.Summary{Read: 10_000, Taken: 8000, Closed: 2000}); err != nil || sum != want || len(left) > 0 || len(found) != 8000 {
		t.Errorf("%d found, %d left, %+v, %v", len(found), len(left), sum, err)
	}
}
