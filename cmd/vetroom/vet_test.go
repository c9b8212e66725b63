package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/alexedwards/argon2id"

	"vetroom/clinic"
	"vetroom/configs"
	"vetroom/store"
)

// deskOf opens a test's database beside the commands.
func deskOf(t *testing.T, dir string) *clinic.Desk {
	t.Helper()
	d, _ := deskAndStoreOf(t, dir)
	return d
}

func deskAndStoreOf(t *testing.T, dir string) (*clinic.Desk, *store.Store) {
	t.Helper()
	cfg := configs.Config{DataDir: dir, Permits: configs.PermitsEnforced}
	s, err := openStore(t.Context(), cfg, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return openDesk(cfg, s), s
}

// addKim registers a vet with one permit for skin, of this year and the next.
func addKim(t *testing.T, dir string, more ...string) {
	t.Helper()
	args := append([]string{"vet", "add", "--login", "Kim", "--name", "김수의", "--password-stdin", "--location", "서울 마포구"}, more...)
	if out := cliDone(t, dir, testPassword+"\n", args...); !strings.HasPrefix(out, "registered kim ") {
		t.Fatalf("printed %q", out)
	}
}

func validPermit(number, areas string) []string {
	now := time.Now()
	return []string{"--permit", number, "--areas", areas,
		"--from", now.AddDate(0, -1, 0).Format(time.DateOnly), "--until", now.AddDate(1, 0, 0).Format(time.DateOnly)}
}

func kim(t *testing.T, d *clinic.Desk) *clinic.Vet {
	t.Helper()
	vet, err := d.Store.VetByLogin(t.Context(), "kim")
	if err != nil {
		t.Fatal(err)
	}
	return vet
}

// bookFollowUp books a visit a few hours from now.
func bookFollowUp(t *testing.T, d *clinic.Desk, area clinic.Area, in time.Duration) *clinic.Booked {
	t.Helper()
	booked, err := d.FollowUp(t.Context(), clinic.FollowUpRequest{
		VetID: kim(t, d).ID, Start: time.Now().Add(in), Minutes: 20,
		Request: clinic.Request{
			Owner: clinic.Owner{Name: "보호자", Phone: "010-1234-5678"}, Pet: clinic.Pet{Name: "초코"},
			Purpose: clinic.Purpose{Area: area},
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	return booked
}

func TestVetAdd(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "var")
	addKim(t, dir, append(validPermit("P-1", "skin,Eye,skin"), "--follow-up-only", "--lat", "37.55", "--lon", "126.91",
		"--licence", "L-7", "--description", "피부 진료", "--time-zone", "Europe/Berlin", "--languages", "ko,de",
		"--hours", "mon-fri=09:00-12:00,13:00-18:00", "--hours", "sat=10:00-13:00", "--slot", "30")...)
	vet := kim(t, deskOf(t, dir))
	want := clinic.Profile{Name: "김수의", Location: "서울 마포구", LicenceNo: "L-7", Description: "피부 진료"}
	if vet.Name != want.Name || vet.Location != want.Location || vet.LicenceNo != want.LicenceNo || vet.Description != want.Description {
		t.Errorf("the profile is %+v", vet.Profile)
	}
	if vet.Lat == nil || *vet.Lat != 37.55 || vet.Lon == nil || *vet.Lon != 126.91 || vet.Zone.String() != "Europe/Berlin" {
		t.Errorf("the place is %v, %v in %v", vet.Lat, vet.Lon, vet.Zone)
	}
	if strings.Join(vet.Languages, " ") != "ko de" {
		t.Errorf("the languages are %v", vet.Languages)
	}
	if vet.Hours.SlotMinutes != 30 || hoursText(vet.Hours.Weekly) != "mon-fri 09:00-12:00+13:00-18:00, sat 10:00-13:00" {
		t.Errorf("the hours are %+v", vet.Hours)
	}
	if len(vet.Permits) != 1 || len(vet.Permits[0].Areas) != 2 || !vet.Permits[0].FollowUpOnly || vet.Permits[0].Number != "P-1" {
		t.Errorf("the permits are %+v", vet.Permits)
	}
	assertPassword(t, vet, testPassword)
}

func assertPassword(t *testing.T, vet *clinic.Vet, password string) {
	t.Helper()
	if ok, err := argon2id.ComparePasswordAndHash(password, vet.PasswordHash); err != nil || !ok {
		t.Errorf("the password does not match: %v, %v", ok, err)
	}
	if !strings.HasPrefix(vet.PasswordHash, "$argon2id$v=19$m=19456,t=2,p=1$") {
		t.Errorf("the hash is %.40s…", vet.PasswordHash)
	}
}

func TestVetAddTakenLogin(t *testing.T) {
	dir := t.TempDir()
	addKim(t, dir)
	_, errText, code := cliRun(t, dir, testPassword+"\n", "vet", "add", "--login", "KIM", "--name", "Other", "--password-stdin")
	if code != exitFail || !strings.Contains(errText, clinic.ErrLoginTaken.Detail) {
		t.Errorf("exit %d, said %q", code, errText)
	}
}

// TestDefaultsOfAVet holds the contract's: Seoul, 20 minutes, 30 days, half an hour.
func TestDefaultsOfAVet(t *testing.T) {
	dir := t.TempDir()
	addKim(t, dir)
	vet := kim(t, deskOf(t, dir))
	h := vet.Hours
	if vet.Zone.String() != "Asia/Seoul" || h.SlotMinutes != 20 || h.HorizonDays != 30 || h.CancelCutoffMinutes != 30 || len(h.Weekly) != 0 {
		t.Errorf("zone %v, hours %+v", vet.Zone, h)
	}
}

func TestVetPassword(t *testing.T) {
	dir := t.TempDir()
	addKim(t, dir)
	const better = "열 글자보다 긴 비밀번호"
	if out := cliDone(t, dir, better+"\r\n", "vet", "password", "Kim", "--password-stdin"); !strings.Contains(out, "kim") {
		t.Errorf("printed %q", out)
	}
	assertPassword(t, kim(t, deskOf(t, dir)), better)
}

func TestPasswordRule(t *testing.T) {
	for _, test := range []struct {
		password string
		ok       bool
	}{
		{"", false}, {"x", true}, {"1234567890", true}, {"열글자가되는비밀번호", true},
		{strings.Repeat("x", 1000), true}, {strings.Repeat("x", 1001), false}, {"\xff\xfe345678901234", false},
	} {
		if _, err := hashPassword(test.password); (err == nil) != test.ok {
			t.Errorf("%.20q: %v, want it taken: %v", test.password, err, test.ok)
		}
	}
}

func TestAShortPasswordIsTakenWithAWarning(t *testing.T) {
	for password, warned := range map[string]bool{"short": true, "long enough": false} {
		_, errText, code := cliRun(t, t.TempDir(), password+"\n", "vet", "add", "--login", "kim", "--name", "Kim", "--password-stdin")
		if code != exitDone || strings.Contains(errText, "advised") != warned {
			t.Errorf("%q: exit %d, said %q", password, code, errText)
		}
	}
}

// TestAskingNeedsATerminal holds that a file is not taken for one, however it is given.
func TestAskingNeedsATerminal(t *testing.T) {
	null, err := os.Open(os.DevNull)
	if err != nil {
		t.Fatal(err)
	}
	defer null.Close()
	_, errText, code := cliRunIn(t.Context(), t, t.TempDir(), null, "vet", "add", "--login", "kim", "--name", "Kim")
	if code != exitUsage || !strings.Contains(errText, "--password-stdin") {
		t.Errorf("exit %d, said %q", code, errText)
	}
}

func TestVetList(t *testing.T) {
	dir := t.TempDir()
	if out := cliDone(t, dir, "", "vet", "list"); !strings.Contains(out, "vet add") {
		t.Errorf("an empty list says %q", out)
	}
	if out := cliDone(t, dir, "", "vet", "list", "--json"); out != "[]\n" {
		t.Errorf("an empty list is %q", out)
	}
	addKim(t, dir, append(validPermit("P-1", "skin,eye"), "--hours", "daily=00:00-24:00")...)
	out := cliDone(t, dir, "", "vet", "list")
	for _, want := range []string{"LOGIN", "kim", "김수의", "서울 마포구", "offline", "KST", "daily 00:00-24:00", "P-1 skin+eye"} {
		if !strings.Contains(out, want) {
			t.Errorf("no %q in\n%s", want, out)
		}
	}
	var vets []vetJSON
	if err := json.Unmarshal([]byte(cliDone(t, dir, "", "vet", "list", "--json")), &vets); err != nil {
		t.Fatal(err)
	}
	if len(vets) != 1 || vets[0].Login != "kim" || vets[0].NextFree == nil || vets[0].TimeZone != "Asia/Seoul" || len(vets[0].Permits) != 1 {
		t.Errorf("as JSON it is %+v", vets)
	}
}

// TestVetListTakesAllPages holds that a list is not cut where the store's page ends.
func TestVetListTakesAllPages(t *testing.T) {
	dir := t.TempDir()
	d := deskOf(t, dir)
	var many []clinic.NewVet
	for i := range listPage + 1 {
		many = append(many, clinic.NewVet{Login: "vet" + strings.Repeat("i", i), PasswordHash: "none",
			Profile: clinic.Profile{Name: "Vet"}, Zone: time.UTC, Hours: clinic.DefaultHours()})
		many[i].Login = many[i].Login[:3] + string(rune('a'+i/26)) + string(rune('a'+i%26))
	}
	if _, err := d.AddVets(t.Context(), many); err != nil {
		t.Fatal(err)
	}
	if lines := strings.Count(cliDone(t, dir, "", "vet", "list"), "\n"); lines != len(many)+1 {
		t.Errorf("%d lines, want a head and %d vets", lines, len(many))
	}
}

func TestTableAlignsWideLetters(t *testing.T) {
	var out bytes.Buffer
	if err := printTable(&out, [][]string{{"NAME", "PLACE"}, {"김수의", "서울"}, {"Kim", "Seoul"}}); err != nil {
		t.Fatal(err)
	}
	if want := "NAME    PLACE\n김수의  서울\nKim     Seoul\n"; out.String() != want {
		t.Errorf("printed\n%s\nwant\n%s", out.String(), want)
	}
}

func TestVetPermit(t *testing.T) {
	dir := t.TempDir()
	addKim(t, dir)
	if out := cliDone(t, dir, "", "vet", "permit", "kim"); out != "no permits\n" {
		t.Errorf("printed %q", out)
	}
	permit := func(args ...string) []string { return append([]string{"vet", "permit", "kim"}, args...) }
	cliDone(t, dir, "", permit(validPermit("P-1", "skin")...)...)
	out := cliDone(t, dir, "", permit(validPermit("P-2", "eye,teeth")...)...)
	if !strings.Contains(out, "P-1 skin") || !strings.Contains(out, "P-2 eye+teeth") {
		t.Errorf("a second permit leaves\n%s", out)
	}
	out = cliDone(t, dir, "", permit(append(validPermit("P-1", "joint"), "--follow-up-only")...)...)
	if strings.Contains(out, "skin") || !strings.Contains(out, "P-1 joint") || !strings.Contains(out, "follow-ups") || !strings.Contains(out, "P-2") {
		t.Errorf("the same number again leaves\n%s", out)
	}
	if _, errText, code := cliRun(t, dir, "", permit("--remove", "P-9")...); code != exitFail || !strings.Contains(errText, "P-1") {
		t.Errorf("removing what is not there: exit %d, %q", code, errText)
	}
	if out = cliDone(t, dir, "", permit("--remove", "P-1")...); strings.Contains(out, "P-1") || !strings.Contains(out, "P-2") {
		t.Errorf("removing leaves\n%s", out)
	}
	if out = cliDone(t, dir, "", permit(append(validPermit("P-3", "skin"), "--replace")...)...); strings.Count(out, "permit ") != 1 || !strings.Contains(out, "P-3") {
		t.Errorf("replacing leaves\n%s", out)
	}
	if out = cliDone(t, dir, "", permit("--replace")...); out != "no permits\n" {
		t.Errorf("replacing by nothing leaves %q", out)
	}
}

// TestVetPermitThatCancels holds that a change which would cancel reservations says which, without anybody's name, and
// wants --yes.
func TestVetPermitThatCancels(t *testing.T) {
	dir := t.TempDir()
	addKim(t, dir, validPermit("P-1", "skin,eye")...)
	d := deskOf(t, dir)
	skin, eye := bookFollowUp(t, d, clinic.AreaSkin, 3*time.Hour), bookFollowUp(t, d, clinic.AreaEye, 5*time.Hour)

	change := append([]string{"vet", "permit", "kim"}, validPermit("P-1", "eye")...)
	out, errText, code := cliRun(t, dir, "", change...)
	if code != exitFail || out != "" || !strings.Contains(errText, "--yes") || !strings.Contains(errText, "1 standing reservation;") {
		t.Fatalf("exit %d, printed %q, said %q", code, out, errText)
	}
	start := skin.Reservation.Start.In(kim(t, d).Zone).Format("2006-01-02 15:04 KST")
	if !strings.Contains(errText, skin.Reservation.Number) || !strings.Contains(errText, start) || strings.Contains(errText, eye.Reservation.Number) {
		t.Errorf("it does not say %s at %s alone: %q", skin.Reservation.Number, start, errText)
	}
	if strings.Contains(errText, "보호자") || strings.Contains(errText, "초코") || strings.Contains(errText, "1234") {
		t.Errorf("it names somebody: %q", errText)
	}
	assertState(t, d, skin, clinic.StateConfirmed)
	if areas := kim(t, d).Permits[0].Areas; len(areas) != 2 {
		t.Errorf("the permit was changed to %v", areas)
	}

	out = cliDone(t, dir, "", append(change, "--yes")...)
	if !strings.Contains(out, "cancelled "+skin.Reservation.Number) || strings.Contains(out, eye.Reservation.Number) {
		t.Errorf("printed %q", out)
	}
	assertState(t, d, skin, clinic.StateCancelled)
	assertState(t, d, eye, clinic.StateConfirmed)
}

func assertState(t *testing.T, d *clinic.Desk, booked *clinic.Booked, want clinic.State) {
	t.Helper()
	v, err := d.Store.Visit(t.Context(), booked.Reservation.ID)
	if err != nil {
		t.Fatal(err)
	}
	if v.Reservation.State != want {
		t.Errorf("%s is %s, want %s", v.Reservation.Number, v.Reservation.State, want)
	}
}

// TestPermitsOff holds that where nobody asks for permits, taking one away cancels nothing.
func TestPermitsOff(t *testing.T) {
	dir := t.TempDir()
	addKim(t, dir, validPermit("P-1", "skin")...)
	d := deskOf(t, dir)
	booked := bookFollowUp(t, d, clinic.AreaSkin, 3*time.Hour)
	cliDone(t, dir, "", "--permits", "off", "vet", "permit", "kim", "--remove", "P-1")
	assertState(t, d, booked, clinic.StateConfirmed)
}

func TestMigrateAgain(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "deep", "var")
	for range 2 {
		if out := cliDone(t, dir, "", "migrate"); !strings.Contains(out, "newest") {
			t.Errorf("printed %q", out)
		}
	}
}
