// Package vetroom is the root of the module: an embed cannot reach a parent folder, so what stands here for the people
// who run Vetroom is carried into the binary from here.
//
// The program is cmd/vetroom, the domain clinic; the other folders are named for what they hold.
package vetroom

import _ "embed"

// NATSConfig is nats.conf: the configuration of the in-process NATS server unless VETROOM_NATS_CONFIG names another.
//
//go:embed nats.conf
var NATSConfig []byte
