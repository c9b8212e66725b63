// Package jetstream carries events over NATS: the streams, the publisher, the followers, what passes between processes,
// and a NATS server inside the process for those who run none. Nothing else imports nats.go or nats-server.
//
//	          process                              broker (in-process, or VETROOM_NATS_URL)
//	┌───────────────────────────┐      ┌────────────────────────────────────────────────────┐
//	│ relay     PublishAll ─────┼─────►│ BOOKING  VET  AI  ROOM    limits, 7 days           │
//	│           Missing, Held ◄─┼──────│    │                                               │
//	│ doors     Follow ◄────────┼──────│────┤ one ordered consumer a follower               │
//	│                           │      │    └──────────► account SUBSCRIBERS: may consume   │
//	│ relay, nudge   Bus ◄──────┼─────►│ _vr.…    core NATS, in no stream                   │
//	└───────────────────────────┘      └────────────────────────────────────────────────────┘
//
// What the rest may count on:
//
//   - A Conn heals by itself: it reconnects for ever, makes the streams again where they are gone, and says in Ready
//     what is wrong meanwhile. No call hangs on a broker that is away; it returns an error.
//   - The broker may forget. An Ack means that the stream held the message, not that it always will: Missing says
//     which of the acknowledged messages are gone, and Follow notices a stream that was wiped and starts over.
//   - A sequence is used again after a wipe; the id (Nats-Msg-Id) is not. Only ids are compared.
//   - The subscriber's user lives in an account of its own, so that neither its reply subjects nor its consumers'
//     delivery subjects can put a message where the application listens (accounts.go). It consumes by pull or push, or
//     hears "vetroom.>"; subscribers share that account, and are not kept apart from each other.
package jetstream
