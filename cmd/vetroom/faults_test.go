package main

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"time"
)

// The faults of real processes, each with the invariants that it must not break. What a fault does inside one process
// is held by that package's own tests.

// replaced is how long a dead scheduler may take to be replaced (contract §4), and a second to see it.
const replaced = 6 * time.Second

// wantReplaced holds what came of a scheduler's death against that.
func wantReplaced(t testing.TB, died, published time.Time) {
	t.Helper()
	if took := published.Sub(died); took > replaced+busyMachine {
		t.Errorf("what was due was done %v after the scheduler's death, want at most %v", took, replaced+busyMachine)
	}
}

func readAll(res *http.Response) string {
	text, err := io.ReadAll(res.Body)
	if err != nil {
		return err.Error()
	}
	return string(text)
}

// soon gives a start in whole milliseconds.
func soon(d time.Duration) time.Time { return time.Now().Add(d).Truncate(time.Millisecond) }

// await is eventually for what is told by a channel that is closed.
func await(t testing.TB, within time.Duration, what string, done <-chan struct{}) {
	t.Helper()
	select {
	case <-done:
	case <-time.After(within + patience):
		t.Fatalf("not within %v: %s", within+patience, what)
	}
}

// catchOpening books a visit and holds back what a leader says to the broker from its opening on. It gives the visit when
// the leader was caught.
func (f *fleet) catchOpening(leader *member) object {
	f.t.Helper()
	caught := leader.nats.freezeAt("vetroom.room.open.") // before the visit is there: its opening cannot slip through
	start := f.soon()
	visit := followUp(f.vet, start, 5)
	await(f.t, 10*time.Second, "the leader publishes the opening", caught)
	if early := time.Until(start); early > 0 {
		f.t.Errorf("something was published %v before the start", early)
	}
	return visit
}

func TestFaultKilledBetweenClaimAndPublish(t *testing.T) {
	t.Parallel()
	f := newFleet(t)
	first := f.leader()
	room := f.catchOpening(first).at("room.id")
	f.member("scheduler")
	died := time.Now()
	first.kill()
	wantReplaced(t, died, f.heard.once(t, replaced, "vetroom.room.open", room).At)
	f.heard.checkInvariants(t)
}

func TestFaultKilledBetweenPublishAndMark(t *testing.T) {
	t.Parallel()
	f := newFleet(t)
	first := f.leader()
	visit := followUp(f.vet, f.soon().Add(4*time.Second+f.took), 5)
	room := visit.at("room.id")
	f.heard.once(t, 3*time.Second, "vetroom.booking.confirmed", visit.at("id"))
	eventually(t, 3*time.Second, "the confirmation is marked", func() error { return first.metric("vetroom_scheduler_unmarked 0") })
	caught := first.db.freezeAt("stream_seq")
	await(t, 10*time.Second+f.took, "the leader marks the opening", caught)
	f.member("scheduler")
	before := f.heard.once(t, time.Second, "vetroom.room.open", room)
	died := time.Now()
	first.kill()
	eventually(t, replaced, "the opening is in the timeline", func() error {
		if timeline(f.vet, visit.at("id"))["emitted"].IsZero() {
			return errors.New("not emitted")
		}
		return nil
	})
	wantReplaced(t, died, time.Now())
	if after := f.heard.once(t, time.Second, "vetroom.room.open", room); after.ID != before.ID {
		t.Errorf("published again under another id: %s, %s", before.ID, after.ID)
	}
	f.heard.checkInvariants(t)
}

func TestFaultKilledAroundAStart(t *testing.T) {
	t.Parallel()
	for name, early := range map[string]time.Duration{"before": 300 * time.Millisecond, "at": 0, "after": -300 * time.Millisecond} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFleet(t)
			first := f.leader()
			start := f.soon()
			visit := followUp(f.vet, start, 5)
			f.member("scheduler")
			pause(time.Until(start.Add(-early)))
			due := start
			if now := time.Now(); now.After(due) {
				due = now
			}
			first.kill()
			opened := f.heard.once(t, time.Until(start)+replaced, "vetroom.room.open", visit.at("room.id"))
			wantReplaced(t, due, opened.At)
			t.Logf("killed %v before the start; published %v after it", early, opened.At.Sub(start))
			f.heard.checkInvariants(t)
		})
	}
}

func TestFaultPausedLeader(t *testing.T) {
	t.Parallel()
	f := newFleet(t)
	first := f.leader()
	visit := f.catchOpening(first)
	room := visit.at("room.id")
	second := f.member("scheduler")
	paused := time.Now()
	first.signal(syscall.SIGSTOP)
	wantReplaced(t, paused, f.heard.once(t, replaced, "vetroom.room.open", room).At)
	eventually(t, 5*time.Second, "the other leads", func() error { return second.metric("vetroom_scheduler_leader 1") })
	eventually(t, 5*time.Second, "the other has marked it", func() error {
		if timeline(f.vet, visit.at("id"))["emitted"].IsZero() {
			return errors.New("not emitted")
		}
		return nil
	})
	first.nats.mend() // what the old leader said before it was paused arrives only now
	first.signal(syscall.SIGCONT)
	eventually(t, 10*time.Second, "the old leader follows", func() error { return first.metric("vetroom_scheduler_leader 0") })
	// The old leader is given work that it would do if it still thought that it led.
	next := followUp(f.vet, soon(10*time.Minute), 5)
	f.heard.once(t, 3*time.Second, "vetroom.booking.confirmed", next.at("id"))
	if copies := f.heard.of("vetroom.room.open", room); len(copies) != 1 {
		t.Errorf("the opening stands %d times in the stream", len(copies))
	}
	f.heard.checkInvariants(t)
}

func TestFaultWipedStore(t *testing.T) {
	t.Parallel()
	f := newFleet(t)
	f.leader()
	var kept []object
	for i := range 5 {
		kept = append(kept, followUp(f.vet, soon(time.Duration(10+10*i)*time.Minute), 5))
	}
	for _, v := range kept {
		f.heard.once(t, 5*time.Second, "vetroom.booking.confirmed", v.at("id"))
	}
	f.wipeBroker()
	fresh := followUp(f.vet, soon(3*time.Hour), 5) // accepted while the broker is away
	f.startBroker()
	again := f.record()
	again.once(t, 15*time.Second, "vetroom.booking.confirmed", fresh.at("id"))
	again.mu.Lock()
	var order []string
	for _, c := range again.copies {
		if strings.HasPrefix(c.Subject, "vetroom.booking.") {
			order = append(order, strings.TrimPrefix(c.Subject, "vetroom.booking.confirmed."))
		}
	}
	again.mu.Unlock()
	if len(order) < 6 || order[len(order)-1] != fresh.at("id") {
		t.Errorf("the wiped stream holds %d bookings, the new one last: %v", len(order), order)
	}
	for _, v := range kept {
		old := f.heard.once(t, time.Second, "vetroom.booking.confirmed", v.at("id"))
		if now := again.once(t, 5*time.Second, "vetroom.booking.confirmed", v.at("id")); now.ID != old.ID {
			t.Errorf("%s was published again under another id", v.at("id"))
		}
	}
	again.checkInvariants(t)
}

func TestFaultMovedWhilePrefetched(t *testing.T) {
	t.Parallel()
	f := newFleet(t)
	f.leader()
	hours := f.vet.want(200, "GET", "/api/v1/vet/hours", nil)
	hours["cancel_cutoff_minutes"] = 0
	f.vet.want(200, "PUT", "/api/v1/vet/hours", hours)
	start := f.soon()
	visit := followUp(f.vet, start, 5)
	id, room := visit.at("id"), visit.at("room.id")
	owner := ownerOf(f.vet, visit)
	slots := owner.want(200, "GET", "/api/v1/vets/"+visit.at("vet.id")+"/slots?days=2", nil)
	to := ""
	for _, s := range slots["slots"].([]any) {
		if slot := object(s.(map[string]any)); slot.at("state") == "free" && slot.time(t, "start").After(start.Add(time.Hour)) {
			to = slot.at("start")
			break
		}
	}
	pause(time.Until(start.Add(-3 * time.Second)))
	owner.want(200, "POST", "/api/v1/reservations/"+id+"/reschedule", object{"start": to})
	f.heard.once(t, 3*time.Second, "vetroom.room.rescheduled", room)
	pause(time.Until(start.Add(3 * time.Second)))
	if opened := f.heard.of("vetroom.room.open", room); len(opened) != 0 {
		t.Errorf("a room opened whose visit had been moved: %s", opened[0].Body)
	}
	if got := owner.want(200, "GET", "/api/v1/reservations/"+id, nil); got.at("room.state") != "locked" || got.at("start") != to {
		t.Errorf("after the move: %v", got)
	}
	f.heard.checkInvariants(t)
}

func TestFaultBrokerAwayAcrossAStart(t *testing.T) {
	t.Parallel()
	f := newFleet(t)
	f.leader()
	start := f.soon()
	visit := followUp(f.vet, start, 5)
	room := visit.at("room.id")
	f.heard.once(t, 3*time.Second, "vetroom.booking.confirmed", visit.at("id"))
	owner := ownerOf(f.vet, visit)
	door := owner.wait(room)
	door.until(2*time.Second, "locked")
	f.stopBroker()
	if at := door.until(time.Until(start)+4*time.Second, "open"); at.Before(start) || at.After(start.Add(4*time.Second+busyMachine)) {
		t.Errorf("the door opened %v after the start", at.Sub(start))
	} else {
		t.Logf("without a broker the door opened %v after the start", at.Sub(start))
	}
	wantReady(t, f.web.url, "broker")
	f.startBroker()
	opened := f.heard.once(t, 15*time.Second, "vetroom.room.open", room)
	t.Logf("the event followed %v after the start", opened.At.Sub(start))
	wantReady(t, f.web.url, "")
	f.heard.checkInvariants(t)
}

func TestFaultDatabaseAway(t *testing.T) {
	t.Parallel()
	f := newFleet(t)
	f.leader()
	start := f.soon().Add(2 * time.Second)
	visit := followUp(f.vet, start, 5)
	owner := ownerOf(f.vet, visit)
	door := owner.wait(visit.at("room.id"))
	door.until(2*time.Second, "locked")
	if err := f.database.Pause(); err != nil {
		t.Fatal(err)
	}
	gone := time.Now()
	status, header, problem, err := f.vet.try("POST", "/api/v1/vet/reservations", object{
		"start": start.Add(time.Hour).UTC().Format(wireTime), "minutes": 5, "owner": someone(),
		"pet": object{"name": "초코"}, "visit": object{"area": "skin"},
	})
	if err != nil || status != 503 || header.Get("Retry-After") == "" || problem.at("code") != "unavailable" {
		t.Errorf("a booking without a database: %d %v %v, Retry-After %q", status, problem, err, header.Get("Retry-After"))
	}
	wantReady(t, f.web.url, "database")
	pause(time.Until(gone.Add(10 * time.Second)))
	if err := f.database.Resume(); err != nil {
		t.Fatal(err)
	}
	wantReady(t, f.web.url, "")
	opened := f.heard.once(t, 15*time.Second, "vetroom.room.open", visit.at("room.id"))
	at := door.until(10*time.Second, "open")
	t.Logf("the event followed %v, the door %v after the start; the database was back %v after it", opened.At.Sub(start), at.Sub(start), gone.Add(10*time.Second).Sub(start))
	if got := owner.want(200, "GET", "/api/v1/reservations/"+visit.at("id"), nil); got.at("room.state") != "open" {
		t.Errorf("after the database came back: %v", got)
	}
	f.heard.checkInvariants(t)
}

// wantReady waits until /readyz names what is missing, or is well for missing == "".
func wantReady(t testing.TB, base, missing string) {
	t.Helper()
	b := newBrowser(t, base)
	eventually(t, 15*time.Second, fmt.Sprintf("/readyz says that %q is missing", missing), func() error {
		status, _, answer, err := b.try("GET", "/readyz", nil)
		if err != nil {
			return err
		}
		checks, _ := answer["checks"].([]any)
		for _, c := range checks {
			check, _ := c.(map[string]any)
			if object(check).at("name") == missing && object(check).at("ok") == "false" && status == 503 {
				return nil
			}
		}
		if missing == "" && status == 200 {
			return nil
		}
		return fmt.Errorf("%d %v", status, answer)
	})
}
