package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"vetroom/clinic"
	"vetroom/cmd/vetroom/localdata/localdatatest"
	"vetroom/store/storetest/mariadb"
)

// writeFile writes a file of the test's own, and gives its path.
func writeFile(t testing.TB, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// hospitalsNear asks a server for the hospitals near Seoul City Hall.
func hospitalsNear(t testing.TB, url string, limit int) (found []struct {
	Name, Phone string
	Km          float64 `json:"distance_km"`
}) {
	t.Helper()
	answer, err := http.Get(fmt.Sprintf("%s/api/v1/hospitals?near=37.5665,126.9780&limit=%d", url, limit))
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	body := struct{ Hospitals any }{&found}
	if err := json.NewDecoder(answer.Body).Decode(&body); err != nil || answer.StatusCode != http.StatusOK {
		t.Fatalf("status %d, %v", answer.StatusCode, err)
	}
	return found
}

// TestHospitals imports a register of the real shape and size beside a running server, and then another, on either
// database.
func TestHospitals(t *testing.T) {
	for name, settings := range map[string]func() []string{
		"SQLite": func() []string { return nil },
		"MariaDB": func() []string {
			url := mariadb.Shared(t, mariadb.Options{}).Database(t)
			return []string{"VETROOM_DATABASE_URL=" + url, "VETROOM_SESSION_KEY=" + strings.Repeat("k", 40)}
		},
	} {
		t.Run(name, func(t *testing.T) {
			dir, settings := t.TempDir(), settings()
			runCommand(t, dir, settings, "", "migrate")
			server := serve(t, dir, settings)
			if found := hospitalsNear(t, server.url, 20); len(found) != 0 {
				t.Errorf("before an import there are %v", found)
			}
			rows := localdatatest.Register(10_000)
			rows[7]["좌표정보(X)"], rows[8]["좌표정보(X)"], rows[8]["좌표정보(Y)"] = "east", "", ""
			whole := writeFile(t, "whole.csv", localdatatest.CP949(t, rows...))
			out, errText, code := tryCommand(t, dir, settings, "", "hospitals", "import", whole)
			if want := "read 10000 rows: 7998 taken, 2000 not in business, 1 without coordinates, 1 bad\n"; code != exitDone || out != want {
				t.Fatalf("exit %d, printed %q, said %q", code, out, errText)
			}
			for _, want := range []string{"line 9: its coordinates are no numbers", "line 10: has no coordinates: 동네 8 동물병원", " 25%  ", "100%  10000 rows read", "saving 7998 hospitals"} {
				if !strings.Contains(errText, want) {
					t.Errorf("no %q in\n%s", want, errText)
				}
			}
			found := hospitalsNear(t, server.url, 20)
			if len(found) != 20 || found[0].Km > found[19].Km || found[19].Km > 60 || !strings.HasPrefix(found[0].Name, "동네 ") || found[0].Phone == "" {
				t.Errorf("near Seoul are %v", found)
			}
			few := writeFile(t, "few.csv", localdatatest.UTF8(t, localdatatest.Open(1, "마포 동물병원", 197_986.7455, 451_579.8510)))
			runCommand(t, dir, settings, "", "hospitals", "import", few)
			if found := hospitalsNear(t, server.url, 20); len(found) != 1 || found[0].Name != "마포 동물병원" || found[0].Km != 0 {
				t.Errorf("after another import there are %v", found)
			}
		})
	}
}

// TestHospitalsRefused holds that a file of which nothing can be taken changes nothing.
func TestHospitalsRefused(t *testing.T) {
	dir := t.TempDir()
	right := localdatatest.Open(1, "마포 동물병원", 197_986.7455, 451_579.8510)
	cliRun(t, dir, "", "hospitals", "import", writeFile(t, "right.csv", localdatatest.CP949(t, right)))
	for file, want := range map[string]string{
		writeFile(t, "closed.csv", localdatatest.CP949(t, localdatatest.Closed(1, "옛 동물병원"))): "1 not in business",
		writeFile(t, "empty.csv", ""):                                                 "names of the columns",
		writeFile(t, "other.csv", "name,phone\nx,y\n"):                                "사업장명",
		writeFile(t, "open.csv", localdatatest.CP949(t, right)+"\"1,2\n3,4\n"):        "lines 3 to",
		writeFile(t, "slips.csv", localdatatest.CP949(t, right.With("좌표정보(Y)", "x"))): "1 bad",
		filepath.Join(dir, "none.csv"):                                                "no such file",
		dir:                                                                           "directory",
	} {
		out, errText, code := cliRun(t, dir, "", "hospitals", "import", file)
		if code != exitFail || out != "" || !strings.Contains(errText, want) {
			t.Errorf("%s: exit %d, printed %q, said %q, want %q", file, code, out, errText, want)
		}
	}
	found, err := deskOf(t, dir).Hospitals(t.Context(), clinic.Place{}, 20)
	if err != nil || len(found) != 1 {
		t.Errorf("there are %v, %v", found, err)
	}
	if _, _, code := cliRun(t, dir, "", "hospitals", "import"); code != exitUsage {
		t.Errorf("without a file it exits %d", code)
	}
}

// TestProgress holds what is seen of it: on a terminal one line, which other lines do not break; elsewhere quarters.
func TestProgress(t *testing.T) {
	run := func(live bool, whole int64) string {
		var out bytes.Buffer
		p := newProgress(&out, whole, "rows read")
		p.live = live
		for row := 1; row <= 4000; row++ {
			p.at(int64(row)*10, row)
			if row == 2000 {
				p.line("line 2000: odd")
			}
		}
		p.done(4000)
		p.end()
		return out.String()
	}
	if got, want := run(false, 40_000), " 25%  1000 rows read\n 50%  2000 rows read\nline 2000: odd\n 75%  3000 rows read\n100%  4000 rows read\n"; got != want {
		t.Errorf("in a file it is %q", got)
	}
	if got := run(false, 0); strings.Count(got, "\n") != 6 || !strings.Contains(got, "3000 rows read\n") {
		t.Errorf("of an unknown length it is %q", got)
	}
	got := run(true, 40_000)
	if strings.Count(got, "\n") != 2 || strings.Count(got, "\r") != 102 || !strings.HasSuffix(got, "\r["+strings.Repeat("#", barWidth)+"] 100%  4000 rows read\n") {
		t.Errorf("on a terminal it is %q", got)
	}
	if !regexp.MustCompile(`\r +\rline 2000: odd\n`).MatchString(got) {
		t.Errorf("a line is written into the bar: %q", got)
	}
}
