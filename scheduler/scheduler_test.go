package scheduler

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"vetroom/events"
)

// world is one database, one broker, and the processes around them, in a bubble of time.
type world struct {
	t      *testing.T
	db     *database
	broker *broker
	start  time.Time
}

// inBubble runs a test in a bubble of time.
func inBubble(t *testing.T, test func(w *world)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		test(&world{t: t, db: newDatabase(), broker: newBroker(), start: time.Now()})
	})
}

// process is one running scheduler.
type process struct {
	*Scheduler
	clock *clock
	stop  func() // ends it and waits
}

func (w *world) run(owner string, change ...func(*Config)) *process {
	w.t.Helper()
	c := &clock{}
	cfg := Config{Outbox: w.db, Leases: w.db, Publisher: w.broker, Clock: c, Owner: owner}
	for _, f := range change {
		f(&cfg)
	}
	s, err := New(cfg)
	if err != nil {
		w.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- s.Run(ctx) }()
	var stopped atomic.Bool
	p := &process{Scheduler: s, clock: c, stop: func() {
		if stopped.Swap(true) {
			return
		}
		cancel()
		if err := <-done; err != nil {
			w.t.Errorf("Run: %v", err)
		}
	}}
	w.t.Cleanup(p.stop)
	return p
}

// at sleeps, in the bubble, until so long after its beginning.
func (w *world) at(d time.Duration) {
	time.Sleep(time.Until(w.start.Add(d)))
	synctest.Wait()
}

// wantStored asks that a message was stored once, within late after due and never before.
func (w *world) wantStored(id string, due time.Time, late time.Duration) {
	w.t.Helper()
	at, n := w.broker.times(id)
	if n != 1 || at.Before(stamp(due)) || at.After(due.Add(late)) {
		w.t.Errorf("message %s: stored %d times, first %v after its instant; want once, at most %v after", id, n, at.Sub(due), late)
	}
}

func (w *world) wantNever(id string) {
	w.t.Helper()
	if _, n := w.broker.times(id); n != 0 {
		w.t.Errorf("message %s was stored %d times, want never", id, n)
	}
}

func TestPublishesAtTheInstantOnceAndMarks(t *testing.T) {
	inBubble(t, func(w *world) {
		var ids []string
		due := func(i int) time.Time { return w.start.Add(time.Duration(i) * 777 * time.Millisecond) }
		for i := range 40 {
			ids = append(ids, w.db.add(fmt.Sprintf("room%d", i), due(i+10)))
		}
		var worst time.Duration
		p := w.run("a", func(c *Config) { c.Lateness = func(d time.Duration) { worst = max(worst, d) } })
		w.at(time.Minute)
		for i, id := range ids {
			w.wantStored(id, due(i+10), 5*time.Millisecond)
		}
		if n := w.db.unmarked(); n != 0 {
			t.Errorf("%d rows are not marked", n)
		}
		if st := p.Stats(); st.Published != 40 || st.Marked != 40 || st.Claimed != 40 || worst == 0 || worst > 5*time.Millisecond {
			t.Errorf("stats %+v, worst lateness %v", st, worst)
		}
		if st := p.Status(); !st.Leader || st.Behind != 0 || st.Unmarked != 0 || st.Err != nil || !st.Compared {
			t.Errorf("status %+v", st)
		}
	})
}

func TestNudgeFindsWhatIsDueNow(t *testing.T) {
	inBubble(t, func(w *world) {
		p := w.run("a")
		w.at(2500 * time.Millisecond)
		now := time.Now()
		id := w.db.add("room", now)
		p.Nudge()
		w.at(2600 * time.Millisecond)
		w.wantStored(id, now, 10*time.Millisecond)
	})
}

func TestScanFindsWhatNobodyToldOf(t *testing.T) {
	inBubble(t, func(w *world) {
		w.run("a")
		w.at(2500 * time.Millisecond)
		now := time.Now()
		id := w.db.add("now", now)
		soon := w.db.add("soon", now.Add(1200*time.Millisecond))
		w.at(5 * time.Second)
		w.wantStored(id, now, 1100*time.Millisecond)
		w.wantStored(soon, now.Add(1200*time.Millisecond), 5*time.Millisecond)
	})
}

func TestManyNudgesAreFewScans(t *testing.T) {
	inBubble(t, func(w *world) {
		p := w.run("a")
		w.at(2 * time.Second)
		w.db.set(func(d *database) { d.scans, d.latency = 0, 10*time.Millisecond })
		for range 1000 {
			p.Nudge()
			time.Sleep(time.Millisecond)
		}
		w.db.set(func(d *database) {
			if d.scans > 70 {
				t.Errorf("%d scans of 10 ms within a second", d.scans)
			}
		})
	})
}

func TestMovedWhilePrefetched(t *testing.T) {
	inBubble(t, func(w *world) {
		old := w.db.add("moved", w.start.Add(10*time.Second))
		cancelled := w.db.add("cancelled", w.start.Add(10*time.Second))
		p := w.run("a")
		w.at(9990 * time.Millisecond) // in memory by now, and no scan will come between
		own := w.db.change("moved", w.start.Add(12*time.Second))
		gone := w.db.change("cancelled", time.Time{})
		w.at(11 * time.Second)
		p.Nudge()
		w.at(20 * time.Second)
		w.wantNever(old)
		w.wantNever(cancelled)
		for _, id := range []string{own, gone} {
			w.wantStored(id, w.start.Add(9990*time.Millisecond), time.Second)
		}
		if st := p.Status(); st.Behind != 0 || st.Ahead != 0 {
			t.Errorf("status %+v: a row that is gone stays in memory", st)
		}
	})
}

func TestMovedEarlierByNudge(t *testing.T) {
	inBubble(t, func(w *world) {
		old := w.db.add("room", w.start.Add(90*time.Second))
		p := w.run("a")
		w.at(5 * time.Second)
		w.db.change("room", w.start.Add(5500*time.Millisecond))
		p.Nudge()
		w.at(7 * time.Second)
		w.wantNever(old)
		w.wantStored("00000003", w.start.Add(5500*time.Millisecond), 5*time.Millisecond)
	})
}

func TestVersionsOfOneInstantGoInOrder(t *testing.T) {
	inBubble(t, func(w *world) {
		due := w.start.Add(5 * time.Second)
		for i := range 30 {
			w.db.add(fmt.Sprintf("room%d", i%3), due)
		}
		w.run("a")
		w.at(10 * time.Second)
		w.wantInOrder(30)
		if n := len(w.broker.waves); n != 10 {
			t.Errorf("%d waves for 10 versions", n)
		}
	})
}

// wantInOrder asks that n messages were stored, and first copies of each aggregate in version order.
func (w *world) wantInOrder(n int) {
	w.t.Helper()
	highest := map[string]int64{}
	seen := map[string]bool{}
	for _, s := range w.broker.history() {
		if seen[s.ID] {
			continue
		}
		seen[s.ID] = true
		r := w.db.rows[s.ID]
		if r == nil {
			w.t.Fatalf("message %s was published and deleted", s.ID)
		}
		if r.Version < highest[r.AggregateID] {
			w.t.Errorf("version %d of %s came after %d", r.Version, r.AggregateID, highest[r.AggregateID])
		}
		highest[r.AggregateID] = r.Version
	}
	if len(seen) != n {
		w.t.Errorf("%d messages were stored, want %d", len(seen), n)
	}
}

func TestLowerVersionThatFailsHoldsTheHigherBack(t *testing.T) {
	inBubble(t, func(w *world) {
		first := w.db.add("room", w.start.Add(5*time.Second))
		w.db.add("room", w.start.Add(5*time.Second+10*time.Millisecond))
		other := w.db.add("other", w.start.Add(5*time.Second+20*time.Millisecond))
		refuse := true
		w.broker.refuse = func(m events.Message) bool { return refuse && m.ID == first }
		w.run("a")
		w.at(8 * time.Second)
		w.wantStored(other, w.start.Add(5*time.Second+20*time.Millisecond), 50*time.Millisecond)
		if n := len(w.broker.history()); n != 1 {
			t.Errorf("%d messages were stored, want the other room's alone", n)
		}
		w.broker.set(func(*broker) { refuse = false })
		w.at(12 * time.Second)
		w.wantInOrder(3)
	})
}

func TestHerdIsClaimedInGrowingBatches(t *testing.T) {
	inBubble(t, func(w *world) {
		due := w.start.Add(5 * time.Second)
		for i := range 10_000 {
			w.db.add(fmt.Sprintf("room%d", i), due)
		}
		w.run("a")
		w.at(10 * time.Second)
		w.wantInOrder(10_000)
		w.db.set(func(d *database) {
			if want := []int{128, 512, 2048, 4096, 3216}; !slices.Equal(d.claims, want) {
				t.Errorf("claims of %v rows, want %v", d.claims, want)
			}
		})
		if n := w.db.unmarked(); n != 0 {
			t.Errorf("%d rows are not marked", n)
		}
		if last := w.broker.history()[9999].at.Sub(due); last > 50*time.Millisecond {
			t.Errorf("the last one came after %v", last)
		}
	})
}

// TestHerdIsNotReadInItsOwnWay: what 5,000 rows due at one instant cost the database right before it, and while they are
// in hand.
func TestHerdIsNotReadInItsOwnWay(t *testing.T) {
	inBubble(t, func(w *world) {
		due := w.start.Add(5 * time.Second)
		for i := range 5000 {
			w.db.add(fmt.Sprintf("room%d", i), due)
		}
		p := w.run("a")
		w.at(5*time.Second - 350*time.Millisecond)
		w.db.set(func(d *database) { d.read = 0 })
		before := w.db.add("before", time.Now())
		p.Nudge()
		w.at(5*time.Second - time.Millisecond)
		w.wantStored(before, time.Now().Add(-349*time.Millisecond), 10*time.Millisecond)
		within := w.db.add("within", due)
		p.Nudge()
		w.at(5*time.Second + 10*time.Millisecond)
		w.db.set(func(d *database) {
			if d.read > 10 {
				t.Errorf("%d rows were read once more", d.read)
			}
		})
		w.at(6 * time.Second)
		w.wantStored(within, due, 300*time.Millisecond)
		w.wantInOrder(5002)
	})
}

func TestClockBehindTheDatabaseIsNeverEarlyAndAheadIsRefused(t *testing.T) {
	for _, offset := range []time.Duration{-30 * time.Millisecond, 30 * time.Millisecond} {
		t.Run(offset.String(), func(t *testing.T) {
			inBubble(t, func(w *world) {
				a := w.db.add("room", w.start.Add(5*time.Second))
				b := w.db.add("room", w.start.Add(5*time.Second+time.Millisecond))
				p := w.run("a")
				p.clock.shift(offset)
				w.at(8 * time.Second)
				w.wantStored(a, w.start.Add(5*time.Second), 60*time.Millisecond)
				w.wantStored(b, w.start.Add(5*time.Second+time.Millisecond), 80*time.Millisecond)
				w.wantInOrder(2)
			})
		})
	}
}

func TestClockThatIsCorrectedWhileTheTimerRuns(t *testing.T) {
	inBubble(t, func(w *world) {
		id := w.db.add("room", w.start.Add(20*time.Second))
		p := w.run("a")
		p.clock.shift(-3 * time.Second)
		w.at(15 * time.Second)
		p.clock.shift(3 * time.Second)
		w.at(25 * time.Second)
		w.wantStored(id, w.start.Add(20*time.Second), 5*time.Millisecond)
	})
}

func TestFollowerTakesOverWithinFiveSeconds(t *testing.T) {
	inBubble(t, func(w *world) {
		due := w.start.Add(10500 * time.Millisecond)
		id := w.db.add("room", due)
		// The leader dies between claim and publish: it hangs for ever, and its lease is not renewed.
		dead := w.run("dead", func(c *Config) { c.Publisher, c.Leases = &hanging{c.Publisher}, &mortal{c.Leases, due} })
		w.at(5 * time.Second)
		heir := w.run("heir")
		w.at(10 * time.Second)
		if dead.Status().Leader == heir.Status().Leader || heir.Status().Leader {
			t.Fatalf("who leads? %+v %+v", dead.Status(), heir.Status())
		}
		w.at(16 * time.Second)
		if !heir.Status().Leader || heir.Status().Epoch != 2 {
			t.Errorf("the heir does not lead: %+v", heir.Status())
		}
		w.wantStored(id, due, 5*time.Second)
		dead.stop()
	})
}

// hanging is a broker whose waves never come back, as a process that died has none.
type hanging struct{ Publisher }

func (h *hanging) PublishAll(ctx context.Context, messages []events.Message) []events.Ack {
	<-ctx.Done()
	acks := make([]events.Ack, len(messages))
	for i := range acks {
		acks[i].Err = ctx.Err()
	}
	return acks
}

// mortal are leases whose holder is dead from an instant on.
type mortal struct {
	Leases
	death time.Time
}

func (m *mortal) Renew(ctx context.Context, lease events.Lease, ttl time.Duration) (events.Lease, error) {
	if time.Now().After(m.death) {
		return events.Lease{}, errDatabaseAway
	}
	return m.Leases.Renew(ctx, lease, ttl)
}

func (m *mortal) Acquire(ctx context.Context, name, owner string, ttl time.Duration) (events.Lease, bool, error) {
	if time.Now().After(m.death) {
		return events.Lease{}, false, errDatabaseAway
	}
	return m.Leases.Acquire(ctx, name, owner, ttl)
}

func TestPausedLeaderDoesNotPublishWhenItGoesOn(t *testing.T) {
	inBubble(t, func(w *world) {
		w.db.add("room", w.start.Add(5*time.Second))
		p := w.run("a")
		var paused atomic.Bool
		w.db.set(func(d *database) {
			d.onClaim = func([]string) { // stopped right after the claim, and continued ten seconds later
				if !paused.Swap(true) {
					p.clock.shift(10 * time.Second)
				}
			}
		})
		w.broker.set(func(b *broker) {
			b.onWave = func([]events.Message) {
				if p.Status().Epoch == 1 {
					t.Error("published under the lease that was lost")
				}
			}
		})
		w.at(20 * time.Second)
		w.wantInOrder(1)
		if st := p.Status(); !paused.Load() || st.Epoch < 2 {
			t.Errorf("paused %v, status %+v", paused.Load(), st)
		}
	})
}

func TestLeaseLostMidWave(t *testing.T) {
	inBubble(t, func(w *world) {
		due := w.start.Add(5 * time.Second)
		for i := range 5000 {
			w.db.add(fmt.Sprintf("room%d", i), due)
		}
		first := w.run("first")
		w.at(4 * time.Second)
		w.run("second")
		w.broker.set(func(b *broker) {
			b.onWave = func([]events.Message) { // another took the lease while the first wave was under way
				w.db.set(func(d *database) {
					if d.lease.Owner == "first" {
						d.lease = events.Lease{Owner: "nobody", Epoch: d.lease.Epoch + 1, Until: time.Now()}
					}
				})
			}
		})
		w.at(15 * time.Second)
		w.wantInOrder(5000)
		if st := first.Stats(); st.Published > 5000/2 {
			t.Errorf("the first leader went on: %+v", st)
		}
		if n := w.db.unmarked(); n != 0 {
			t.Errorf("%d rows are not marked", n)
		}
	})
}

func TestAnswersOfClaimAndMarkThatAreLost(t *testing.T) {
	inBubble(t, func(w *world) {
		due := w.start.Add(5 * time.Second)
		id := w.db.add("room", due)
		lost := map[string]int{}
		w.db.loseAck = func(op string) bool { lost[op]++; return lost[op] <= 3 }
		p := w.run("a")
		w.at(10 * time.Second)
		w.wantStored(id, due, time.Second)
		if st := p.Status(); w.db.unmarked() != 0 || st.Epoch != 1 || st.Err != nil || st.Behind+st.Unmarked != 0 {
			t.Errorf("%d unmarked, status %+v", w.db.unmarked(), st)
		}
	})
}

func TestBrokerAwayAcrossAStart(t *testing.T) {
	inBubble(t, func(w *world) {
		due := w.start.Add(10 * time.Second)
		w.db.add("room", due)
		w.db.add("room", due.Add(2*time.Second))
		w.db.add("other", due.Add(time.Second))
		p := w.run("a")
		w.at(8 * time.Second)
		w.broker.leave()
		w.at(30 * time.Second)
		if st := p.Status(); st.Behind != 3 || !st.Oldest.Equal(stamp(due)) || st.Compared {
			t.Errorf("status while the broker is away: %+v", st)
		}
		w.broker.back(false)
		w.at(30*time.Second + 100*time.Millisecond)
		w.wantInOrder(3)
		if p.Status().Epoch != 1 {
			t.Error("the leader changed")
		}
	})
}

func TestStalledBrokerThenDiesWithTheRows(t *testing.T) {
	inBubble(t, func(w *world) {
		id := w.db.add("room", w.start.Add(5*time.Second))
		first := w.run("first", func(c *Config) { c.Drain = time.Second })
		w.broker.set(func(b *broker) { b.stalled = true })
		w.at(7 * time.Second)
		begin := time.Now()
		first.stop()
		if took := time.Since(begin); took > 2*time.Second {
			t.Errorf("stopping took %v", took)
		}
		w.broker.back(false)
		heir := w.run("heir")
		w.at(12 * time.Second)
		if _, n := w.broker.times(id); n != 1 || heir.Status().Epoch != 2 {
			t.Errorf("stored %d times under epoch %d", n, heir.Status().Epoch)
		}
	})
}

func TestWipedStreamIsFilledAgainBeforeAnythingNew(t *testing.T) {
	for _, silent := range []bool{false, true} {
		t.Run(fmt.Sprintf("silent=%v", silent), func(t *testing.T) {
			inBubble(t, func(w *world) {
				for i := range 1300 {
					w.db.add(fmt.Sprintf("room%d", i%400), w.start.Add(time.Duration(i)*time.Millisecond))
				}
				late := w.db.add("late", w.start.Add(10*time.Second))
				p := w.run("a")
				w.at(8 * time.Second)
				if silent { // nothing tells of it: the minute's look finds it
					w.broker.set(func(b *broker) { b.wipeLocked() })
					w.at(75 * time.Second)
				} else {
					w.broker.leave()
					w.at(11 * time.Second)
					w.broker.back(true)
					w.at(12 * time.Second)
				}
				w.wantHeldAll(1301)
				held := w.broker.streams["ROOM"]
				if last := held[len(held)-1]; !silent && last.ID != late {
					t.Errorf("%s came after the new one", last.ID)
				}
				if st := p.Stats(); st.Republished < 1300 {
					t.Errorf("stats %+v", st)
				}
				for i, s := range held {
					if w.db.rows[s.ID].seq != uint64(i+1) {
						t.Fatalf("row %s is said to be at %d, is at %d", s.ID, w.db.rows[s.ID].seq, i+1)
					}
				}
			})
		})
	}
}

// wantHeldAll asks that the stream holds n messages, among them every marked one, each aggregate's in version order
// where they were published again.
func (w *world) wantHeldAll(n int) {
	w.t.Helper()
	held := w.broker.streams["ROOM"]
	if len(held) != n {
		w.t.Errorf("the stream holds %d messages, want %d", len(held), n)
	}
	for _, r := range w.db.rows {
		if _, ok := w.broker.ids[r.ID]; !ok && !r.published.IsZero() {
			w.t.Errorf("the stream lacks %s", r.ID)
		}
	}
}

func TestStreamThatLosesItsTail(t *testing.T) {
	inBubble(t, func(w *world) {
		for i := range 50 {
			w.db.add(fmt.Sprintf("room%d", i%7), w.start.Add(time.Duration(i)*time.Millisecond))
		}
		p := w.run("a")
		w.at(5 * time.Second)
		w.broker.set(func(b *broker) {
			for _, s := range b.streams["ROOM"][30:] {
				delete(b.ids, s.ID)
			}
			b.streams["ROOM"] = b.streams["ROOM"][:30]
		})
		w.broker.back(false)
		w.at(6 * time.Second)
		w.wantHeldAll(50)
		if st := p.Stats(); st.Republished != 20 {
			t.Errorf("%d were published again, want 20", st.Republished)
		}
	})
}

// TestStreamWipedWhileConnected: the sequence of the next acknowledgement tells.
func TestStreamWipedWhileConnected(t *testing.T) {
	inBubble(t, func(w *world) {
		for i := range 50 {
			w.db.add(fmt.Sprintf("room%d", i), w.start.Add(time.Duration(i)*time.Millisecond))
		}
		w.db.add("late", w.start.Add(6*time.Second))
		w.run("a")
		w.at(5 * time.Second)
		w.broker.set(func(b *broker) { b.wipeLocked() })
		w.at(6500 * time.Millisecond)
		w.wantHeldAll(51)
	})
}

// TestStreamWipedUnderAWave: the wave that was under way fills the new stream with more than is looked at otherwise.
func TestStreamWipedUnderAWave(t *testing.T) {
	inBubble(t, func(w *world) {
		for i := range 600 {
			w.db.add(fmt.Sprintf("room%d", i), w.start.Add(time.Duration(i)*time.Millisecond))
		}
		for i := range 1500 {
			w.db.add(fmt.Sprintf("late%d", i), w.start.Add(10*time.Second))
		}
		p := w.run("a")
		w.at(9 * time.Second)
		w.broker.leave()
		w.at(11 * time.Second)
		w.broker.set(func(b *broker) { b.latency = time.Second })
		w.broker.back(false) // it is compared for a second, and then no sequence is known
		w.at(12*time.Second + 500*time.Millisecond)
		if n := len(w.broker.waves); w.broker.waves[n-1] != 1500 || len(w.broker.history()) != 600 {
			t.Fatalf("waves of %v, %d stored: not what this test is about", w.broker.waves[n-3:], len(w.broker.history()))
		}
		w.broker.back(true)
		w.at(30 * time.Second)
		w.wantHeldAll(2100)
		if n := p.Stats().Republished; n < 600 {
			t.Errorf("%d were published again", n)
		}
	})
}

func TestHorizonIsInMemory(t *testing.T) {
	inBubble(t, func(w *world) {
		w.db.add("room", w.start.Add(100*time.Second))
		w.db.add("beyond", w.start.Add(140*time.Second))
		p := w.run("a")
		w.at(time.Second)
		if st := p.Status(); st.Ahead != 1 {
			t.Errorf("status %+v, want one row ahead", st)
		}
		w.at(32 * time.Second) // after a reload
		if st := p.Status(); st.Ahead != 2 {
			t.Errorf("status %+v, want two rows ahead", st)
		}
	})
}

func TestStreamThatKeepsNothingDoesNotStopTheRest(t *testing.T) {
	inBubble(t, func(w *world) {
		w.db.add("room", w.start.Add(time.Second))
		due := w.start.Add(20 * time.Second)
		id := w.db.add("late", due)
		w.run("a", func(c *Config) { c.Publisher = &forgetful{w.broker} })
		w.at(10 * time.Second)
		w.broker.back(false)
		w.at(25 * time.Second)
		w.wantStored(id, due, 10*time.Millisecond)
	})
}

// forgetful is a broker that acknowledges and says that it holds nothing.
type forgetful struct{ *broker }

func (f *forgetful) Missing(context.Context, string, []events.Marked) ([]int, error) {
	return []int{0}, nil
}

func TestStopFinishesWhatIsInHand(t *testing.T) {
	inBubble(t, func(w *world) {
		due := w.start.Add(5 * time.Second)
		var ids []string
		for i := range 100 {
			ids = append(ids, w.db.add(fmt.Sprintf("room%d", i), due))
		}
		w.broker.latency = 300 * time.Millisecond
		p := w.run("a")
		w.at(5*time.Second + 100*time.Millisecond) // the wave is under way
		later := w.db.add("later", time.Now())
		p.stop()
		for _, id := range ids {
			w.wantStored(id, due, time.Second)
		}
		w.wantNever(later)
		if n := w.db.unmarked(); n != 1 {
			t.Errorf("%d rows are not marked, want the later one", n)
		}
		begin := time.Now()
		heir := w.run("b")
		time.Sleep(50 * time.Millisecond)
		if !heir.Status().Leader {
			t.Errorf("the lease was not given back: %v later nobody leads", time.Since(begin))
		}
	})
}

func TestDatabaseAwayForTenSeconds(t *testing.T) {
	inBubble(t, func(w *world) {
		due := w.start.Add(10 * time.Second)
		id := w.db.add("room", due)
		p := w.run("a")
		w.at(8 * time.Second)
		w.db.set(func(d *database) { d.away = true })
		w.at(15 * time.Second)
		if st := p.Status(); st.Leader || !errors.Is(st.Err, errDatabaseAway) {
			t.Errorf("status while the database is away: %+v", st)
		}
		w.wantNever(id)
		w.db.set(func(d *database) { d.away = false })
		w.at(19 * time.Second)
		w.wantStored(id, due, 6*time.Second)
		if st := p.Status(); !st.Leader || st.Err != nil {
			t.Errorf("status after it: %+v", st)
		}
	})
}

func TestSweepsRunByTheLeaderAloneAndAreJoined(t *testing.T) {
	inBubble(t, func(w *world) {
		var runs [2]atomic.Int32
		var running atomic.Int32
		sweep := func(i int) func(*Config) {
			return func(c *Config) {
				c.Sweeps = []Sweep{{Name: "count", Spec: "@every 2s", Run: func(ctx context.Context) error {
					runs[i].Add(1)
					if running.Add(1) > 1 {
						t.Error("two run at once")
					}
					defer running.Add(-1)
					return pause(ctx, 3*time.Second)
				}}}
			}
		}
		a := w.run("a", sweep(0))
		w.at(time.Second)
		b := w.run("b", sweep(1))
		w.at(20*time.Second + 100*time.Millisecond)
		if runs[0].Load() != 5 || runs[1].Load() != 0 {
			t.Errorf("swept %d and %d times", runs[0].Load(), runs[1].Load())
		}
		a.stop()
		if running.Load() != 0 {
			t.Error("a sweep runs after the end")
		}
		w.at(25 * time.Second)
		if runs[1].Load() == 0 || !b.Status().Leader {
			t.Error("the other leader does not sweep")
		}
	})
}

func TestConfigThatCannotWork(t *testing.T) {
	db, b := newDatabase(), newBroker()
	good := Config{Outbox: db, Leases: db, Publisher: b, Clock: &clock{}, Owner: "a"}
	for name, change := range map[string]func(*Config){
		"no outbox":   func(c *Config) { c.Outbox = nil },
		"no owner":    func(c *Config) { c.Owner = "" },
		"wrong sweep": func(c *Config) { c.Sweeps = []Sweep{{Name: "x", Spec: "now and then", Run: signals(nil)}} },
		"empty sweep": func(c *Config) { c.Sweeps = []Sweep{{Name: "x", Spec: "@every 1s"}} },
	} {
		cfg := good
		change(&cfg)
		if _, err := New(cfg); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	if _, err := New(good); err != nil {
		t.Error(err)
	}
}
