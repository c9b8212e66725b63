package handlers

import (
	"context"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"vetroom/clinic"
)

const (
	// SessionLife is how long a session lives without use (contract §2).
	SessionLife = time.Hour
	// renewAfter is how old a cookie grows before a call renews it.
	renewAfter = time.Minute
	// revokedFor outlives every cookie that can still be about when its session is ended.
	revokedFor = clinic.RevokedFor
)

// The cookies' names, without the prefix that they carry behind https.
const (
	ownerCookie = "vetroom_owner"
	vetCookie   = "vetroom_vet"
)

// Revocations remembers ended sessions.
type Revocations interface {
	Revoke(ctx context.Context, session string, until time.Time) error
	Revoked(ctx context.Context, sessions ...string) (bool, error)
}

// SessionsConfig is what sessions need.
type SessionsConfig struct {
	Key     []byte // at least 32 secret bytes, the same in all processes
	Secure  bool   // the site is reached by https only
	Clock   clinic.Clock
	Random  io.Reader // cryptographic
	Revoked Revocations
}

// Sessions makes and reads the signed cookies that say who is asking. An owner's session is nothing but its id, which
// grants hang on; a vet's names its vet, and can be ended.
type Sessions struct {
	SessionsConfig
	seals map[string]sealer // by cookie name
	flash sealer            // of the link that is shown once
}

// session is what a cookie says.
type session struct {
	kind            string // ownerCookie or vetCookie
	id              string // 128 random bits in base64url
	vetID           string
	family          string // of a vet's session: all that were begun with the same password end together; or ""
	issued, expires time.Time
}

// identity is who a request's cookies say.
type identity struct {
	owner, vet session // zero: none
}

// NewSessions fails on a key that is too short.
func NewSessions(c SessionsConfig) (*Sessions, error) {
	if len(c.Key) < 32 {
		return nil, fmt.Errorf("a session key of %d bytes is too short: 32 are needed", len(c.Key))
	}
	s := &Sessions{SessionsConfig: c, seals: map[string]sealer{}}
	for _, name := range []string{ownerCookie, vetCookie} {
		seal, err := newSealer(c.Key, "vetroom cookie "+name)
		if err != nil {
			return nil, err
		}
		s.seals[name] = seal
	}
	var err error
	s.flash, err = newSealer(c.Key, "vetroom cookie "+linkCookie)
	return s, err
}

// Identify tells who asks. Somebody of whom that cannot be found out now is nobody.
func (s *Sessions) Identify(r *http.Request) clinic.Who {
	id, err := s.identify(r)
	if err != nil {
		id.vet = session{}
	}
	return id.who()
}

// identify reads both cookies. Its errors are the store's.
func (s *Sessions) identify(r *http.Request) (id identity, err error) {
	id.owner = s.read(r, ownerCookie)
	id.vet = s.read(r, vetCookie)
	if id.vet.id == "" {
		return id, nil
	}
	ended, err := s.Revoked.Revoked(r.Context(), id.vet.id, id.vet.family)
	if err != nil {
		return id, fmt.Errorf("ask whether a session was ended: %w", err)
	}
	if ended {
		id.vet = session{}
	}
	return id, nil
}

func (id identity) who() clinic.Who {
	return clinic.Who{Session: id.owner.id, VetID: id.vet.vetID, VetSession: id.vet.id}
}

// sessions gives those that are there.
func (id identity) sessions() []session {
	var all []session
	for _, s := range []session{id.owner, id.vet} {
		if s.id != "" {
			all = append(all, s)
		}
	}
	return all
}

// start makes a new session; vetID is "" for an owner's.
func (s *Sessions) start(kind, vetID string) (session, error) {
	var id [16]byte
	if _, err := io.ReadFull(s.Random, id[:]); err != nil {
		return session{}, fmt.Errorf("draw a session: %w", err)
	}
	return session{kind: kind, id: base64.RawURLEncoding.EncodeToString(id[:]), vetID: vetID}, nil
}

// Mint begins a session at now, of a vet or, with vetID "", of an owner, and gives its cookie and its id.
func (s *Sessions) Mint(vetID string, now time.Time) (cookie *http.Cookie, id string, err error) {
	kind := ownerCookie
	if vetID != "" {
		kind = vetCookie
	}
	v, err := s.start(kind, vetID)
	if err != nil {
		return nil, "", err
	}
	return s.cookie(v, now), v.id, nil
}

// enter begins a vet's session at now, which ends when the password is changed, and gives its cookie.
func (s *Sessions) enter(vet *clinic.Vet, now time.Time) (*http.Cookie, error) {
	v, err := s.start(vetCookie, vet.ID)
	if err != nil {
		return nil, err
	}
	v.family = clinic.SessionFamily(vet.ID, vet.PasswordHash)
	return s.cookie(v, now), nil
}

// cookie issues a session's cookie at now.
func (s *Sessions) cookie(v session, now time.Time) *http.Cookie {
	v.issued, v.expires = now, now.Add(SessionLife)
	k := s.bare(v.kind)
	k.Value, k.MaxAge = s.seals[v.kind].seal(v.text()), int(SessionLife/time.Second)
	return k
}

// farewell takes a cookie away.
func (s *Sessions) farewell(kind string) *http.Cookie {
	k := s.bare(kind)
	k.MaxAge = -1
	return k
}

func (s *Sessions) bare(kind string) *http.Cookie {
	return &http.Cookie{Name: s.name(kind), Path: "/", HttpOnly: true, Secure: s.Secure, SameSite: http.SameSiteLaxMode}
}

func (s *Sessions) name(kind string) string {
	if s.Secure {
		return "__Host-" + kind
	}
	return kind
}

// read gives the first cookie of a kind that is whole and has not expired.
func (s *Sessions) read(r *http.Request, kind string) session {
	now := s.Clock.Now()
	for _, k := range r.CookiesNamed(s.name(kind)) {
		text, ok := s.seals[kind].open(k.Value)
		if !ok {
			continue
		}
		v, ok := parseSession(kind, text)
		if ok && now.Before(v.expires) {
			return v
		}
	}
	return session{}
}

// stale tells whether a request carries a cookie of a kind, whole or not.
func (s *Sessions) stale(r *http.Request, kind string) bool {
	return len(r.CookiesNamed(s.name(kind))) > 0
}

// sessionVersion begins every cookie, so that another form can be told from this one.
const sessionVersion = "1"

// text is "version.id.issued.expires.vet", times in Unix milliseconds, and ".family" where there is one.
func (v session) text() string {
	parts := []string{sessionVersion, v.id, millis(v.issued), millis(v.expires), v.vetID}
	if v.family != "" {
		parts = append(parts, v.family)
	}
	return strings.Join(parts, ".")
}

func parseSession(kind, text string) (session, bool) {
	p := strings.Split(text, ".")
	family := ""
	if len(p) == 6 && kind == vetCookie {
		p, family = p[:5], p[5]
	}
	if len(p) != 5 || p[0] != sessionVersion || p[1] == "" || (p[4] == "") != (kind == ownerCookie) {
		return session{}, false
	}
	issued, err1 := strconv.ParseInt(p[2], 10, 64)
	expires, err2 := strconv.ParseInt(p[3], 10, 64)
	v := session{kind: kind, id: p[1], vetID: p[4], family: family, issued: time.UnixMilli(issued), expires: time.UnixMilli(expires)}
	return v, err1 == nil && err2 == nil
}

func millis(t time.Time) string { return strconv.FormatInt(t.UnixMilli(), 10) }

// sealer signs texts for one purpose.
type sealer struct{ key []byte }

func newSealer(key []byte, purpose string) (sealer, error) {
	k, err := hkdf.Key(sha256.New, key, nil, purpose, 32)
	if err != nil {
		return sealer{}, fmt.Errorf("derive the key of %q: %w", purpose, err)
	}
	return sealer{k}, nil
}

// seal gives text with its signature.
func (s sealer) seal(text string) string {
	return text + "." + base64.RawURLEncoding.EncodeToString(s.sum(text))
}

// open gives the text of what seal made, and false for anything else.
func (s sealer) open(sealed string) (string, bool) {
	i := strings.LastIndexByte(sealed, '.')
	if i < 0 {
		return "", false
	}
	sum, err := base64.RawURLEncoding.Strict().DecodeString(sealed[i+1:])
	return sealed[:i], err == nil && hmac.Equal(sum, s.sum(sealed[:i]))
}

func (s sealer) sum(text string) []byte {
	m := hmac.New(sha256.New, s.key)
	m.Write([]byte(text)) // a hash does not fail
	return m.Sum(nil)
}
