package signaling

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"time"

	"vetroom/clinic"
)

// seatID tells one taking of a seat from the next: who knows it, sat there.
type seatID [16]byte

func newSeatID() (id seatID) {
	rand.Read(id[:]) // never fails
	return id
}

// claim is what a resume token says, signed: the right to a role in a room, cookie or not, until the room closes; and
// which seat to take up again, should it still be kept.
type claim struct {
	room    string
	role    clinic.Role
	seat    seatID
	holder  holder
	expires time.Time // the room's closes_at when the token was made
}

// holder tells the vet of a room from the next one, to whom the reservation may go over. Its owner stays the same.
type holder [8]byte

func holderOf(role clinic.Role, vetID string) (h holder) {
	if role == clinic.RoleVet {
		sum := sha256.Sum256([]byte(vetID))
		copy(h[:], sum[:])
	}
	return h
}

// The layout of a token, before base64url: role (1), seat (16), expiry in Unix milliseconds (8), holder (8), MAC (32),
// room.
const (
	tokenHead = 1 + len(seatID{}) + 8 + len(holder{})
	tokenMin  = tokenHead + sha256.Size
)

func (c claim) token(key []byte) string {
	b := make([]byte, 0, tokenMin+len(c.room))
	b = append(b, roleByte(c.role))
	b = append(b, c.seat[:]...)
	b = binary.BigEndian.AppendUint64(b, uint64(c.expires.UnixMilli()))
	b = append(b, c.holder[:]...)
	b = append(b, tokenMAC(key, b, c.room)...)
	b = append(b, c.room...)
	return base64.RawURLEncoding.EncodeToString(b)
}

// readToken gives what a token says, and false if it is not one of ours or expired by now.
func readToken(key []byte, token string, now time.Time) (claim, bool) {
	b, err := base64.RawURLEncoding.Strict().DecodeString(token)
	if err != nil || len(b) < tokenMin {
		return claim{}, false
	}
	head, mac, room := b[:tokenHead], b[tokenHead:tokenMin], string(b[tokenMin:])
	if !hmac.Equal(mac, tokenMAC(key, head, room)) {
		return claim{}, false
	}
	c := claim{room: room, role: clinic.RoleOwner, seat: seatID(head[1:17]), holder: holder(head[25:])}
	if head[0] == roleByte(clinic.RoleVet) {
		c.role = clinic.RoleVet
	}
	c.expires = time.UnixMilli(int64(binary.BigEndian.Uint64(head[17:25])))
	return c, now.Before(c.expires)
}

func tokenMAC(key, head []byte, room string) []byte {
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte("vetroom resume token\x00"))
	mac.Write(head)
	mac.Write([]byte(room))
	return mac.Sum(nil)
}

func roleByte(r clinic.Role) byte {
	if r == clinic.RoleVet {
		return 'v'
	}
	return 'o'
}
