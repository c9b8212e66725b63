package events

// Message is one event ready for the wire.
type Message struct {
	ID      string // UUIDv7: the CloudEvents id and the Nats-Msg-Id
	Subject string // vetroom.<kind>.<what>.<aggregate id>
	Body    []byte // one application/cloudevents+json object
}

// Ack is the broker's answer to one published message.
type Ack struct {
	Stream    string
	Seq       uint64 // where the stream holds the message
	Duplicate bool   // the stream had it already
	Err       error  // not stored, or not known to be
}

// ContentType is the media type of every Message's body (CloudEvents 1.0, JSON format, structured mode).
const ContentType = "application/cloudevents+json"

// Streams are the JetStream streams that hold the contract's events, and the subjects that each captures.
// Nothing else is published under "vetroom.".
var Streams = map[string]string{
	"BOOKING": "vetroom.booking.>",
	"VET":     "vetroom.vet.>",
	"AI":      "vetroom.ai.>",
	"ROOM":    "vetroom.room.>",
}
