package turn

import "sync/atomic"

// Stats are what a server counts. Bytes are those of packets between relays and peers.
type Stats struct {
	Allocations                       int    // relays now
	Allocated                         uint64 // relays ever
	BadCredential, OverQuota, BadPeer uint64 // refused: requests, relays, permissions and packets
	BytesToPeers, BytesFromPeers      uint64
	BytesDropped                      uint64 // over a user's bandwidth
}

type counters struct {
	allocated, badCredential, overQuota, badPeer, toPeers, fromPeers, dropped atomic.Uint64
}

// Stats tells what was counted so far.
func (s *Server) Stats() Stats {
	c := &s.stats
	return Stats{
		Allocations: s.users.count(), Allocated: c.allocated.Load(), BadCredential: c.badCredential.Load(),
		OverQuota: c.overQuota.Load(), BadPeer: c.badPeer.Load(), BytesToPeers: c.toPeers.Load(),
		BytesFromPeers: c.fromPeers.Load(), BytesDropped: c.dropped.Load(),
	}
}
