package jetstream

import "sync/atomic"

// counters count for Stats.
type counters struct {
	disconnects, reconnects, asyncErrors  atomic.Uint64
	published, duplicates, failed         atomic.Uint64
	delivered, gaps, attached, busDropped atomic.Uint64
	streamsMade, ensureFailed             atomic.Uint64
}

// Stats are a connection's counts since it was made, for metrics.
type Stats struct {
	Connected   bool
	Disconnects uint64 // times that the broker went away
	Reconnects  uint64 // times that it came back
	AsyncErrors uint64 // slow consumers, refused permissions and the like
	Published   uint64 // messages acknowledged, Duplicates among them
	Duplicates  uint64 // acknowledged as held already
	Failed      uint64 // messages without an acknowledgement
	Delivered   uint64 // messages given to followers
	Attached    uint64 // consumers made for followers
	Gaps        uint64 // times that a follower's stream was not the one it had read
	BusDropped  uint64 // messages of the bus without its key
	StreamsMade uint64 // streams that were made because they were not there
	EnsureFails uint64 // failed tries to look after the streams
}

// Stats reads the counts.
func (c *Conn) Stats() Stats {
	n := &c.counted
	return Stats{
		Connected:   c.nc.IsConnected(),
		Disconnects: n.disconnects.Load(), Reconnects: n.reconnects.Load(), AsyncErrors: n.asyncErrors.Load(),
		Published: n.published.Load(), Duplicates: n.duplicates.Load(), Failed: n.failed.Load(),
		Delivered: n.delivered.Load(), Attached: n.attached.Load(), Gaps: n.gaps.Load(),
		BusDropped: n.busDropped.Load(), StreamsMade: n.streamsMade.Load(), EnsureFails: n.ensureFailed.Load(),
	}
}
