package signaling

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/coder/websocket"

	"vetroom/clinic"
	"vetroom/events"
)

// Subprotocol is what both sides name in the handshake of GET /ws.
const Subprotocol = "vetroom.v1"

// The limits of the protocol. Those of a single server are in [Limits].
const (
	MaxFrame   = 64 << 10         // bytes of one message, either way
	MaxSignal  = MaxFrame - 64    // bytes of a signal's data: it is passed on with its number
	MaxWatched = 50               // rooms and vets that one socket watches
	MaxChat    = 2000             // runes of one chat text
	Patience   = 30 * time.Second // how long a seat waits for its socket to come back
	MaxID      = 64               // bytes of an id; ours have 36
	MaxOffer   = 32 << 10         // bytes of a check's offer
	maxToken   = 256              // bytes of a resume token
)

// What a client sends: JSON text frames of exactly these keys. Keys that are not here, values of another type and null
// are refused as malformed; of a key that is given twice the last counts.
type (
	// Join waits at a room, or enters it: {"type":"join","room":ID,"resume?":TOKEN,"seen?":N}.
	// One seat a role, one room a socket: joining another room leaves the first.
	Join struct {
		Room   string
		Resume string  // of the last room message, to take one's own seat again
		Seen   *uint64 // the last number that was handled; without it nothing is resumed
	}

	// Watch follows doors and vets, in place of those watched before: {"type":"watch","rooms?":[ID…],"vets?":[ID…]}.
	// A room that is not one's own answers an error forbidden of its own and leaves the others watched.
	Watch struct {
		Rooms, Vets []string
	}

	// Signal is for the other seat's browser, passed on untouched: {"type":"signal","data":{…}}. While nobody sits there
	// it goes nowhere: whoever comes is told of, and negotiation begins then.
	Signal struct {
		Data json.RawMessage // an object
	}

	// Chat is a word for the other seat: {"type":"chat","text":…,"id?":…}, 1 to [MaxChat] runes. It is kept with the
	// reservation, whether or not somebody sits there. Under an id of the client's choice the sender is told once it is
	// kept; until then it may be sent again under the same id: it is passed on again, and kept once.
	Chat struct {
		Text string
		ID   string // printable ASCII, at most [MaxID] bytes; or ""
	}

	// Check tries the connection before the call: {"type":"check","room":ID}, for whom the room is and until it is closed;
	// a seat or an open door it does not take. The answer names the relay. {"type":"check","room":ID,"description":
	// {"type":"offer","sdp":…}} is answered by a description of the server's, which sends audio and video back as they come,
	// until the next message of this kind, the socket's end, or for 30 s. The offer may be sent before it has
	// any candidate: the server is an ICE-lite agent, and candidates that come later need not be told.
	Check struct {
		Room  string
		Offer string // the SDP, at most [MaxOffer] bytes; or "" for the first of the two
	}

	// Checked says how a check went, for the timeline:
	// {"type":"checked","room":ID,"result":{"verdict","way","rtt_ms?","loss?","jitter_ms?","camera?","microphone?","speaker?"}}.
	Checked struct {
		Room   string
		Result CheckResult
	}

	// Quality says how the call goes as this side sees it: {"type":"quality","level":"good|fair|poor|lost","video":BOOL,
	// "relay":BOOL}. Video is false where the connection carries no picture, one way or the other; relay is true where the
	// media goes by the relay. It is not answered. The timeline gets what changed, and what did not once a minute; what comes
	// more often than a call changes is dropped, and so is what comes without a seat in an open room.
	Quality struct {
		Level        QualityLevel
		Video, Relay bool
	}

	// Seen says that everything up to N was handled: {"type":"seen","n":N}.
	Seen struct {
		N uint64
	}

	// Leave gives the seat up at once: {"type":"leave"}.
	Leave struct{}

	// Ping is answered by a Pong with the same number: {"type":"ping","t":N}.
	Ping struct {
		T json.Number
	}
)

// What the server sends. To a socket with a seat every message but a pong carries "n", from 1 for a new seat.
type (
	// RoomFrame is a room's whole state: at join, at watch, and at each change. A reader drops one whose version is lower
	// than one that it has. To a vet who watches it has a "peer" beside that, [PeerState], and comes again with each change
	// of it: a vet's own page tells who waits at which door. The watcher itself is not seen by anybody.
	RoomFrame struct {
		Type     string            `json:"type"` // "room"
		Room     string            `json:"room"`
		State    clinic.RoomState  `json:"state"`            // locked, open, closed
		OpensAt  events.Time       `json:"opens_at"`         // the first instant at which a peer may enter
		ClosesAt events.Time       `json:"closes_at"`        // the first instant at which none may any more
		Now      events.Time       `json:"now"`              // the server's clock when it said so
		Version  int64             `json:"version"`          // of the room's newest event
		Reason   clinic.ReasonCode `json:"reason,omitempty"` // of closed: ended, vet, cancelled, no_show
	}

	// SeatFrame is what a RoomFrame holds beside that for a seat.
	SeatFrame struct {
		Role    clinic.Role `json:"role"` // owner, vet
		Peer    PeerState   `json:"peer"`
		Polite  bool        `json:"polite"`  // perfect negotiation: the owner is
		Resume  string      `json:"resume"`  // holds the seat until closes_at
		Resumed bool        `json:"resumed"` // this socket goes on where another stopped; if not, it began anew with n 1, and ICE does
		// ICEServers are there if and only if the room is open.
		ICEServers []ICEServer `json:"ice_servers,omitzero"`
	}

	// PeerFrame says who sits across. It is sent again, unchanged, when the other browser is a new one.
	PeerFrame struct {
		Type string    `json:"type"` // "peer"
		Peer PeerState `json:"peer"`
	}

	// SignalFrame is the peer's signal.
	SignalFrame struct {
		Type string          `json:"type"` // "signal"
		Data json.RawMessage `json:"data"`
	}

	// ChatFrame is the peer's word.
	ChatFrame struct {
		Type string      `json:"type"` // "chat"
		From clinic.Role `json:"from"`
		Text string      `json:"text"`
		At   events.Time `json:"at"`
		ID   string      `json:"id,omitempty"` // as its sender named it: one that came before is the same word again
	}

	// KeptFrame tells a sender that a word which it named is in the database: no crash can take it any more.
	KeptFrame struct {
		Type string      `json:"type"` // "kept"
		ID   string      `json:"id"`
		At   events.Time `json:"at"` // under which it is kept
	}

	// VetFrame says whether a watched vet is online, at watch and at each change.
	VetFrame struct {
		Type   string `json:"type"` // "vet"
		Vet    string `json:"vet"`
		Online bool   `json:"online"`
	}

	// SlotFrame says what a slot of a watched vet is, when a booking took it or gave it back. It may say what is known.
	// A vet who watches itself is told of visits beside the offered times, too, as taken.
	SlotFrame struct {
		Type  string           `json:"type"` // "slot"
		Vet   string           `json:"vet"`
		Start events.Time      `json:"start"`
		State clinic.SlotState `json:"state"` // free, taken, past
	}

	// InstantFrame says what a request for a consultation now is: to its owner's sockets at each change and when they
	// come, and to those of the vets whom it rings. To a vet "ringing" means that it rings that very vet; "queued", that it
	// does not any more. Only the owner is told the position, and beside the owner only the vet who accepted the
	// reservation. It may say what is known.
	InstantFrame struct {
		Type          string              `json:"type"` // "instant"
		ID            string              `json:"id"`
		State         clinic.InstantState `json:"state"`              // queued, ringing, accepted, expired, left
		Position      int                 `json:"position,omitempty"` // of queued, from 1
		ReservationID string              `json:"reservation_id,omitempty"`
	}

	// ScreeningFrame says how a screening stands, at each change. It is told without being asked for to the sockets of the
	// session that made the screening, and to those that joined or watch the room of a reservation that has it.
	ScreeningFrame struct {
		Type  string                `json:"type"` // "screening"
		ID    string                `json:"id"`
		State clinic.ScreeningState `json:"state"` // queued, done, failed
	}

	// RecordFrame says that the vet wrote the record of the visit in a watched room: whoever may read of it reads it anew.
	RecordFrame struct {
		Type string `json:"type"` // "record"
		Room string `json:"room"`
	}

	// StillFrame says that a photo of the visit was taken, drawn on or sent to be screened: to both seats of its room, and to
	// who watches it. Whoever may see it reads the stills of the reservation anew.
	StillFrame struct {
		Type string `json:"type"` // "still"
		Room string `json:"room"`
		ID   string `json:"id"` // the still's
	}

	// CheckFrame answers a Check: with the relay's servers, whose credentials are good for two minutes, or with the answer.
	CheckFrame struct {
		Type        string       `json:"type"` // "check"
		Room        string       `json:"room"`
		ICEServers  []ICEServer  `json:"ice_servers,omitzero"`
		Description *Description `json:"description,omitempty"`
	}

	// CheckedFrame says that a Checked was noted.
	CheckedFrame struct {
		Type string `json:"type"` // "checked"
		Room string `json:"room"`
	}

	// Description is an RTCSessionDescription.
	Description struct {
		Type string `json:"type"` // "answer"
		SDP  string `json:"sdp"`
	}

	// GoingAwayFrame says that this server stops; the socket is closed with 1001 after it.
	GoingAwayFrame struct {
		Type    string `json:"type"`     // "going_away"
		RetryMS int64  `json:"retry_ms"` // when to come back, spread over the sockets
	}

	// ErrorFrame says what was refused. Codes that end the socket are marked at [Code].
	ErrorFrame struct {
		Type   string `json:"type"` // "error"
		Code   Code   `json:"code"`
		Detail string `json:"detail"`
	}

	// PongFrame answers a Ping. It is never numbered.
	PongFrame struct {
		Type string      `json:"type"` // "pong"
		T    json.Number `json:"t"`
		Now  events.Time `json:"now"`
	}

	// ICEServer is one entry of RTCConfiguration.iceServers.
	ICEServer struct {
		URLs       []string `json:"urls"`
		Username   string   `json:"username,omitempty"`
		Credential string   `json:"credential,omitempty"`
	}
)

// PeerState is what the other seat is: absent without a socket (for longer than a resume takes), waiting while the
// door is not open, present in the open room.
type PeerState string

// The states of a peer.
const (
	PeerAbsent  PeerState = "absent"
	PeerWaiting PeerState = "waiting"
	PeerPresent PeerState = "present"
)

// QualityLevel is how good a call is, for one side.
type QualityLevel string

// The levels of quality.
const (
	QualityGood QualityLevel = "good" // nobody notices anything
	QualityFair QualityLevel = "fair" // one notices, and can talk
	QualityPoor QualityLevel = "poor" // words get lost, or there is no picture
	QualityLost QualityLevel = "lost" // nothing comes
)

// QualityLevels are all of them.
var QualityLevels = []QualityLevel{QualityGood, QualityFair, QualityPoor, QualityLost}

// Code is the stable name of an error frame. Where a close status is given the socket ends with it, after the frame.
type Code string

// The codes.
const (
	CodeMalformed      Code = "malformed"        // not one of the messages above; invalid UTF-8 closes with 1007, a binary frame with 1003
	CodeUnknownType    Code = "unknown_type"     // no message of this protocol
	CodeTooLarge       Code = "too_large"        // more than MaxFrame: closes with 1009; a signal's data of more than MaxSignal does not
	CodeForbidden      Code = "forbidden"        // no right to the room, or no such room; a seat whose reservation went over to another vet closes with 4001
	CodeNotJoined      Code = "not_joined"       // a signal or chat without a seat
	CodeRoomLocked     Code = "room_locked"      // a signal or chat before the opening
	CodeRoomClosed     Code = "room_closed"      // a signal or chat after the end
	CodeTooManyWatched Code = "too_many_watched" // more than MaxWatched; nothing changed
	CodeNotFound       Code = "not_found"        // no such vet
	CodeRateLimited    Code = "rate_limited"     // dropped; going on like that closes with 1008
	CodeUnavailable    Code = "unavailable"      // the database is away; try again
	CodeBusy           Code = "busy"             // of a check: there are too many at once; try again later
	CodeNoEcho         Code = "no_echo"          // of a check: nothing is sent back here; there is no relay either
	CodeBadOffer       Code = "bad_offer"        // of a check: the description cannot be answered
	CodeReplaced       Code = "replaced"         // another socket took the seat; closes with 4001
	CodeSignedOut      Code = "signed_out"       // the session ended; closes with 4003
)

// The statuses of our own with which a socket is closed.
const (
	StatusReplaced  websocket.StatusCode = 4001
	StatusSignedOut websocket.StatusCode = 4003
)

// refusal is an error that is told to the client. A closes of 0 leaves the socket open.
type refusal struct {
	code   Code
	detail string
	closes websocket.StatusCode
}

func (r *refusal) Error() string { return string(r.code) + ": " + r.detail }

func refuse(code Code, format string, args ...any) *refusal {
	return &refusal{code: code, detail: fmt.Sprintf(format, args...)}
}

func (r *refusal) closing(status websocket.StatusCode) *refusal {
	r.closes = status
	return r
}
