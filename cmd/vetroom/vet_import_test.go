package main

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/alexedwards/argon2id"
	"golang.org/x/text/encoding/korean"

	"vetroom/clinic"
	"vetroom/store/storetest/mariadb"
)

const vetHead = "login,password,name,location,lat,lon,description,licence_no,time_zone,permit_no,permit_areas,follow_up_only,permit_from,permit_until\n"

// vetTableText is two vets of whom one has a hash made elsewhere, with other costs, and one has little.
func vetTableText(t testing.TB) string {
	t.Helper()
	hash, err := argon2id.CreateHash(testPassword, &argon2id.Params{Memory: 8 << 10, Iterations: 3, Parallelism: 2, SaltLength: 16, KeyLength: 32})
	if err != nil {
		t.Fatal(err)
	}
	return vetHead + `Kim,"` + hash + `",김수의,서울 마포구,37.55,126.91,"피부, 눈",L-7,Europe/Berlin,P-1,"skin,Eye",true,2026-01-01,2027-12-31` + "\n" +
		"park," + testPassword + ",Park,,,,,,,,,,,\n"
}

// TestVetImport registers the vets of a table, in the encodings that tables come in.
func TestVetImport(t *testing.T) {
	encoded, err := korean.EUCKR.NewEncoder().String(vetTableText(t))
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{"UTF-8": vetTableText(t), "Excel's UTF-8": "\xef\xbb\xbf" + strings.ReplaceAll(vetTableText(t), "\n", "\r\n"), "CP949": encoded} {
		dir := t.TempDir()
		out, errText, code := cliRun(t, dir, "", "vet", "import", writeFile(t, "vets.csv", text), "--hours", "mon-fri=09:00-12:00", "--hours", "sat=10:00-12:00", "--slot", "30")
		if code != exitDone || strings.Count(out, "registered ") != 2 || !strings.Contains(out, "registered kim ") || strings.Contains(errText, "line") {
			t.Fatalf("%s: exit %d, printed %q, said %q", name, code, out, errText)
		}
		d := deskOf(t, dir)
		vet := kim(t, d)
		if vet.Name != "김수의" || vet.Location != "서울 마포구" || *vet.Lat != 37.55 || *vet.Lon != 126.91 || vet.Description != "피부, 눈" ||
			vet.LicenceNo != "L-7" || vet.Zone.String() != "Europe/Berlin" || hoursText(vet.Hours.Weekly) != "mon-fri 09:00-12:00, sat 10:00-12:00" || vet.Hours.SlotMinutes != 30 {
			t.Errorf("%s: kim is %+v", name, vet)
		}
		if permitsText(vet.Permits) != "P-1 skin+eye 2026-01-01..2027-12-31 follow-ups" || !strings.HasPrefix(vet.PasswordHash, "$argon2id$v=19$m=8192,t=3,p=2$") {
			t.Errorf("%s: kim's permits are %q, the hash %.40s", name, permitsText(vet.Permits), vet.PasswordHash)
		}
		park, err := d.Store.VetByLogin(t.Context(), "park")
		if err != nil || park.Lat != nil || park.Zone.String() != "Asia/Seoul" || len(park.Permits) != 0 || hoursText(park.Hours.Weekly) != hoursText(vet.Hours.Weekly) {
			t.Fatalf("%s: park is %+v, %v", name, park, err)
		}
		assertPassword(t, park, testPassword)
	}
}

// TestVetImportSignsIn holds that both sign in to a running server, on the shared database too.
func TestVetImportSignsIn(t *testing.T) {
	for name, url := range map[string]string{"SQLite": "", "MariaDB": mariadb.Shared(t, mariadb.Options{}).Database(t)} {
		t.Run(name, func(t *testing.T) {
			dir, settings := t.TempDir(), []string{"VETROOM_SESSION_KEY=" + strings.Repeat("k", 40)}
			if url != "" {
				settings = append(settings, "VETROOM_DATABASE_URL="+url)
			}
			runCommand(t, dir, settings, "", "migrate")
			server := serve(t, dir, settings)
			runCommand(t, dir, settings, "", "vet", "import", writeFile(t, "vets.csv", vetTableText(t)))
			for _, login := range []string{"kim", "park"} {
				answer, err := http.Post(server.url+"/api/v1/vet/login", "application/json",
					strings.NewReader(fmt.Sprintf(`{"login":%q,"password":%q}`, login, testPassword)))
				if err != nil {
					t.Fatal(err)
				}
				answer.Body.Close()
				if answer.StatusCode != http.StatusOK {
					t.Errorf("%s signs in with status %d", login, answer.StatusCode)
				}
			}
		})
	}
}

// TestVetImportAllOrNone holds that each bad row is told by its line, with all that is wrong with it, and that then
// nobody is registered.
func TestVetImportAllOrNone(t *testing.T) {
	dir := t.TempDir()
	addKim(t, dir)
	phc := func(params string, salt, key int) string {
		text := func(n int) string { return base64.RawStdEncoding.EncodeToString(make([]byte, n)) }
		return `"$argon2id$v=19$` + params + "$" + text(salt) + "$" + text(key) + `"`
	}
	bad := []string{
		"good," + testPassword + ",Good,,,,,,,,,,,",
		"KIM," + testPassword + ",Other,,,,,,,,,,,",
		"good," + testPassword + ",Twice,,,,,,,,,,,",
		",,,,,,,,,,,,,",
		"a b," + testPassword + ",Spaced,,,,,,,,,,,",
		"c3," + testPassword + ",Far,,91,200,,,,,,,,",
		"c4," + testPassword + ",Half,,37.5,,,,,,,,,",
		"c5," + testPassword + ",Odd,,north,NaN,,,Mars/Base,,,maybe,,",
		"c6," + testPassword + ",Permit,,,,,,,,skin,,,",
		"c7," + testPassword + ",Permit,,,,,,,P-1,,,,",
		"c8," + testPassword + ",Permit,,,,,,,P-1,tail,,2026-01-01,2025-01-01",
		"c9," + testPassword + ",Permit,,,,,,,P-1,skin,,2026-02-30,2026-12-31",
		"d1," + phc("m=0,t=0,p=0", 16, 32) + ",Hash,,,,,,,,,,,",
		"d2," + phc("m=4194304,t=1,p=4", 16, 32) + ",Hash,,,,,,,,,,,",
		"d3," + phc("m=19456,t=2,p=1", 16, 4) + ",Hash,,,,,,,,,,,",
		"d4,$argon2id$nonsense,Hash,,,,,,,,,,,",
		"d5,$2b$12$" + strings.Repeat("x", 53) + ",Hash,,,,,,,,,,,",
		"d6," + strings.Repeat("x", longestPassword+1) + ",Long,,,,,,,,,,,",
		"short,row",
	}
	out, errText, code := cliRun(t, dir, "", "vet", "import", writeFile(t, "vets.csv", vetHead+strings.Join(bad, "\n")+"\n"))
	if code != exitFail || out != "" || !strings.Contains(errText, "18 of 19 rows are bad; nobody was registered") {
		t.Errorf("exit %d, printed %q, said\n%s", code, out, errText)
	}
	for line, want := range map[int]string{
		3: `login: "kim" is taken`, 4: `login: "good" is that of line 2`, 5: "password: is missing", 6: "login: must not contain spaces",
		7: "lat: must be from -90 to 90; lon: must be", 8: "lat: and lon come together", 9: `time_zone: "Mars/Base"`, 10: "permit_no: is missing",
		11: "permit_no: the row does not say", 12: `areas: "tail" is not one of`, 13: `permit_from: "2026-02-30"`, 14: "password: is no argon2id",
		15: "password: is no argon2id", 16: "password: is no argon2id", 17: "password: is no argon2id", 18: "password: is a hash",
		19: "password: must be at most", 20: "has 2 columns",
	} {
		found := false
		for said := range strings.Lines(errText) {
			found = found || strings.HasPrefix(said, fmt.Sprintf("line %d: ", line)) && strings.Contains(said, want)
		}
		if !found {
			t.Errorf("line %d does not say %q in\n%s", line, want, errText)
		}
	}
	if strings.Contains(errText, testPassword) || strings.Contains(errText, "$2b$") {
		t.Errorf("it says a password: %s", errText)
	}
	vets, _, err := deskOf(t, dir).Vets(t.Context(), clinic.VetQuery{Limit: 100, Day: time.Now()})
	if err != nil || len(vets) != 1 {
		t.Errorf("there are %d vets, %v", len(vets), err)
	}
}

// TestVetImportRefused holds what is no table of vets, and hours that are none.
func TestVetImportRefused(t *testing.T) {
	good := writeFile(t, "vets.csv", vetTableText(t))
	for _, test := range []struct {
		args []string
		code int
		said string
	}{
		{[]string{writeFile(t, "a.csv", "login,name\nx,y\n")}, exitFail, "no column password"},
		{[]string{writeFile(t, "b.csv", "login,password,name,lattitude\nx,y,z,1\n")}, exitFail, `"lattitude" is unknown`},
		{[]string{writeFile(t, "c.csv", "login,password,name,Name\nx,y,z,z\n")}, exitFail, `"Name" is unknown, or there twice`},
		{[]string{writeFile(t, "d.csv", vetHead)}, exitFail, "no vet"},
		{[]string{writeFile(t, "e.csv", "")}, exitFail, "names of the columns"},
		{[]string{"/nowhere/vets.csv"}, exitFail, "no such file"},
		{[]string{good, "--hours", "mon=9"}, exitUsage, "09:00-18:00"},
		{[]string{good, "--slot", "7"}, exitUsage, "slot_minutes"},
		{nil, exitUsage, "<file>"},
	} {
		_, errText, code := cliRun(t, t.TempDir(), "", append([]string{"vet", "import"}, test.args...)...)
		if code != test.code || !strings.Contains(errText, test.said) {
			t.Errorf("%v: exit %d, said %q, want %d, %q", test.args, code, errText, test.code, test.said)
		}
	}
}

// TestVetImportTakesAPasswordAsItStands holds that spaces around one belong to it, and that a short one is taken.
func TestVetImportTakesAPasswordAsItStands(t *testing.T) {
	dir := t.TempDir()
	out, errText, code := cliRun(t, dir, "", "vet", "import", writeFile(t, "vets.csv", "name,login,password\nKim,kim,\" $pa ss \"\n"))
	if code != exitDone || !strings.Contains(errText, "1 password shorter than") {
		t.Fatalf("exit %d, printed %q, said %q", code, out, errText)
	}
	if ok, err := argon2id.ComparePasswordAndHash(" $pa ss ", kim(t, deskOf(t, dir)).PasswordHash); err != nil || !ok {
		t.Errorf("the password does not match: %v", err)
	}
}
