// Package scheduler publishes what the due outbox holds, each row at its instant.
//
//	database                          this package, in the process that leads                         broker
//	┌──────────────┐  Upcoming  ┌───────────────────────────────────────────────────────┐
//	│ outbox rows  │───────────►│ ahead ──due──► claim ──won──► queue ──wave──► marks   │
//	│              │◄───────────│ (heap)    │   in batches     version order    behind  │
//	│              │ Claim Mark │           │                      │                    │  PublishAll  ┌─────────┐
//	│              │◄───────────│           └─► look: does it stand? ──► announce ──────┼─────────────►│ streams │
//	│              │ Standing   │               openings only           many to a message│   Announce   │         │
//	│ leases       │◄───────────│ keeper: renews                   └────────────────────┼─────────────►│         │
//	│              │ Renew      │ check: does the stream still hold the newest? ◄───────┼──────────────│         │
//	└──────────────┘            └───────────────────────────────────────────────────────┘   Missing    └─────────┘
//
// What holds, whatever fails:
//
//   - Nothing goes out before its instant by the clock, which is the database's.
//   - Nothing goes out that was not claimed in the database under this leader's epoch, and the lease is looked at
//     right before each wave. A leader that died, or was paused, leaves claims of an older epoch; they are claimed again.
//   - Doors come first: an opening is announced as soon as it is seen standing at its instant, and claimed behind that.
//   - A higher version of an aggregate never goes out before the lower one was acknowledged.
//   - The broker may forget: before anything new goes out after a break, what the streams lack is published again.
//   - Nothing that was claimed is forgotten while the lease is held: publishing and marking are tried until they
//     succeed. What a dead leader left is found by the next one's first look.
//
// One goroutine, the term's loop, owns all that is in memory. Each kind of I/O (scan, look, announce, claim,
// publish, mark, check) has at most one call under way, in a goroutine of its own, which hands back what to do with its
// result.
package scheduler
