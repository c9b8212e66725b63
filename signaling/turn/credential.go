package turn

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"strconv"
	"strings"
	"time"

	pion "github.com/pion/turn/v5"

	"vetroom/clinic"
)

// credential is the right to relays for one role in one room until an instant, in the manner of the TURN REST API
// (draft-uberti-behave-turn-rest): the username is EXPIRY:ROOM:ROLE, with the expiry in Unix seconds, and the password its
// HMAC. So no process keeps any, and each takes those that another gave.
type credential struct {
	room    string
	role    clinic.Role
	expires time.Time
}

// newCredential rounds the room's end up to the second.
func newCredential(room string, role clinic.Role, closesAt time.Time) credential {
	return credential{room, role, time.Unix(closesAt.Add(time.Second-1).Unix(), 0)}
}

// user names who is counted: a role in a room, whichever of its credentials is shown.
func (c credential) user() string { return c.room + ":" + string(c.role) }

func (c credential) username() string {
	return strconv.FormatInt(c.expires.Unix(), 10) + ":" + c.user()
}

func (c credential) password(key []byte) string {
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(c.username()))
	return base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

// readUsername gives what a username says, and false if it is not of the form.
func readUsername(username string) (credential, bool) {
	expiry, user, _ := strings.Cut(username, ":")
	room, role, _ := strings.Cut(user, ":")
	seconds, err := strconv.ParseInt(expiry, 10, 64)
	c := credential{room, clinic.Role(role), time.Unix(seconds, 0)}
	known := c.role == clinic.RoleOwner || c.role == clinic.RoleVet
	return c, err == nil && room != "" && known && c.username() == username
}

// authenticate gives the key that a request by this username must be signed with; pion checks the signature. A credential
// that expired serves on while a later one was given to the same user, since a browser keeps the first for its relays.
func (s *Server) authenticate(r *pion.RequestAttributes) (user string, key []byte, ok bool) {
	c, ok := readUsername(r.Username)
	now := s.cfg.Clock.Now()
	if !ok || !now.Before(c.expires) && !s.users.lasts(c.user(), now) {
		s.stats.badCredential.Add(1)
		return "", nil, false
	}
	return r.Username, pion.GenerateAuthKey(r.Username, r.Realm, c.password(s.cfg.Key)), true
}
