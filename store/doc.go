// Package store keeps the clinic in an SQL database: SQLite in a file, or MySQL, MariaDB or TiDB on a server. It holds
// everything that outlives a process: vets, visits, who may see them, the due outbox and the leases.
//
// # A change
//
// What a use case decides is saved with its facts in one transaction, or not at all:
//
//	load ─▶ decide ─▶ begin ─▶ rev + 1 of reservation, room, vet   (0 rows: another came first)
//	  ▲                          │
//	  │                          ├─▶ occupancy cells               (taken: ErrSlotTaken)
//	  │                          ├─▶ the neighbours' doors
//	  │                          ├─▶ due outbox: those ahead anew, then timeline
//	  │                          ▼
//	  └── conflict, deadlock ── commit ─▶ OnDue
//
// No two reservations share a cell because (vet, cell) is a key: nothing is looked up before it is written. A change
// loses to another by its rev, and is then decided again on what the other left.
//
// # The due outbox
//
// A row is one event and the instant at which it shall go out. A change deletes those rows of its aggregate that lie
// ahead and were not claimed, and inserts them anew; so what waits in the outbox is always what stands. Rows are
// claimed under the epoch of a lease, published, and marked; they are kept while the streams keep their messages.
//
// # Time
//
// The database's clock is everybody's. [Store.Now] estimates it; leases and claims are compared with it in SQL.
package store
