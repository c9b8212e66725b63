package main

import (
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/alexedwards/argon2id"

	"vetroom/clinic"
	"vetroom/cmd/vetroom/sheet"
)

// readVet reads one row of the table of vets.
func readVet(row sheet.Row, columns map[string]int, hours clinic.Hours) vetRow {
	text := func(column string) string { return row.Text(columns[column]) }
	r := vetRow{line: row.Line, vet: clinic.NewVet{Login: text("login"), Hours: hours, Profile: clinic.Profile{
		Name: text("name"), Location: text("location"), Description: text("description"), LicenceNo: text("licence_no"),
		Languages: []string{defaultLanguage},
	}}}
	r.vet.Normalise()
	r.vet.Profile.Lat, r.vet.Profile.Lon = r.degrees("lat", text("lat")), r.degrees("lon", text("lon"))
	r.readZone(text("time_zone"))
	r.readPassword(row.Cell(columns["password"])) // as it stands there: so it is typed at the sign-in
	r.readPermit(text)
	if len(r.faults) == 0 {
		r.adopt(r.vet.Validate())
	}
	return r
}

const (
	defaultLanguage = "ko"
	defaultZone     = "Asia/Seoul"
)

func (r *vetRow) degrees(field, text string) *float64 {
	if text == "" {
		return nil
	}
	degrees, err := strconv.ParseFloat(text, 64)
	if err != nil {
		r.fault("%s: %q is no number", field, text)
		return nil
	}
	return &degrees
}

func (r *vetRow) readZone(name string) {
	if name == "" {
		name = defaultZone
	}
	zone, err := loadZone(name)
	if err != nil {
		r.fault("time_zone: %v", err)
	}
	r.vet.Zone = zone
}

// How costly a hash may be that was made elsewhere: each sign-in pays it.
const (
	hashMemory = 256 << 10 // KiB
	hashPasses = 16
	hashShort  = 16 // bytes of the key, half of it of the salt
)

// readPassword takes a password to be hashed, or a hash of argon2id. What looks like another hash is no password: whoever
// knew the table could sign in with it.
func (r *vetRow) readPassword(text string) {
	switch {
	case text == "":
		r.fault("password: is missing")
	case strings.HasPrefix(text, "$argon2id$"):
		if !fitHash(text) {
			r.fault("password: is no argon2id hash in PHC form that a sign-in could bear")
		}
		r.vet.PasswordHash = text
	case looksHashed(text):
		r.fault("password: is a hash, but not one of argon2id in PHC form")
	case utf8.RuneCountInString(text) > longestPassword:
		r.fault("password: must be at most %d characters", longestPassword)
	default:
		r.password = text
	}
}

// fitHash tells whether a hash is whole, neither so cheap that it protects nothing nor so costly that it stops a server.
func fitHash(hash string) bool {
	params, salt, key, err := argon2id.DecodeHash(hash)
	return err == nil && params.Iterations >= 1 && params.Iterations <= hashPasses && params.Parallelism >= 1 &&
		params.Memory >= 8*uint32(params.Parallelism) && params.Memory <= hashMemory && len(key) >= hashShort && len(salt) >= hashShort/2 &&
		len(hash) <= 255
}

// looksHashed tells whether a text is of the form $name$…$…, that of crypt(3) and of PHC strings.
func looksHashed(text string) bool {
	return strings.HasPrefix(text, "$") && strings.Count(text, "$") >= 3 && len(text) >= 30
}

func (r *vetRow) readPermit(text func(string) string) {
	f := permitFlags{Permit: text("permit_no")}
	f.Areas = strings.FieldsFunc(text("permit_areas"), func(c rune) bool { return strings.ContainsRune(",;+/| ", c) })
	f.From, f.Until = r.day("permit_from", text("permit_from")), r.day("permit_until", text("permit_until"))
	f.FollowUpOnly = r.yes("follow_up_only", text("follow_up_only"))
	switch said := len(f.Areas) > 0 || text("permit_from") != "" || text("permit_until") != "" || f.FollowUpOnly; {
	case f.Permit == "" && said:
		r.fault("permit_no: is missing, though the row says what a permit covers")
	case f.Permit != "" && (len(f.Areas) == 0 || text("permit_from") == "" || text("permit_until") == ""):
		r.fault("permit_no: the row does not say what %q covers, in permit_areas, permit_from and permit_until", f.Permit)
	case f.Permit != "" && len(r.faults) == 0:
		permit, err := f.permit()
		if r.adopt(err); err == nil {
			r.vet.Permits = []clinic.Permit{*permit}
		}
	}
}

func (r *vetRow) day(field, text string) clinic.Date {
	if text == "" {
		return clinic.Date{}
	}
	day, err := clinic.ParseDate(text)
	if err != nil {
		r.fault("%s: %q is no day such as 2026-01-01", field, text)
	}
	return day
}

func (r *vetRow) yes(field, text string) bool {
	switch strings.ToLower(text) {
	case "true", "yes", "y", "1":
		return true
	case "", "false", "no", "n", "0":
		return false
	}
	r.fault("%s: %q is neither true nor false", field, text)
	return false
}
