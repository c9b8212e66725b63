package signaling_test

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"vetroom/clinic"
	"vetroom/events"
	"vetroom/signaling"
)

func TestRefusesAConfigurationThatCannotWork(t *testing.T) {
	for name, spoil := range map[string]func(*signaling.Config){
		"no identity":   func(c *signaling.Config) { c.Identify = nil },
		"no rights":     func(c *signaling.Config) { c.Rights = nil },
		"no feed":       func(c *signaling.Config) { c.Feed = nil },
		"short key":     func(c *signaling.Config) { c.Key = c.Key[:31] },
		"no node":       func(c *signaling.Config) { c.Node = "" },
		"node with dot": func(c *signaling.Config) { c.Node = "a.b" },
		"no origin":     func(c *signaling.Config) { c.Origins = nil },
		"empty origin":  func(c *signaling.Config) { c.Origins = []string{""} },
		"host only":     func(c *signaling.Config) { c.Origins = []string{"vetroom.example"} },
	} {
		cfg := newWorld().config("a")
		spoil(&cfg)
		if _, err := signaling.New(cfg); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

// What cannot be read, or is of a room other than its subject says, is skipped; what follows is heard.
func TestSkipsEventsThatCannotBeRead(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		c := w.core(t, "a")
		defer c.stop()
		w.book("room", time.Second)
		w.book("other", time.Second)
		g := c.owner(t, "room")
		g.join("room")
		sleep(time.Second)
		other, err := events.Encode(func() clinic.Event { e := w.ahead(t, "other", clinic.RoomOpen); e.ID = "x"; return e }())
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range []events.Message{
			{Subject: "vetroom.room.open.room", Body: []byte("nonsense")},
			{Subject: "vetroom.room.open.room", Body: []byte(`{"specversion":"1.0","id":"x","type":"vetroom.vet.online","data":{}}`)},
			{Subject: "vetroom.room.open.room", Body: other.Body},
			{Subject: "vetroom.vet.online.v", Body: []byte("nonsense")},
		} {
			w.deliver(m)
		}
		synctest.Wait()
		if f := g.last(); f.State != "locked" {
			t.Fatalf("got %s", f.Raw)
		}
		w.publish(t, w.ahead(t, "room", clinic.RoomOpen))
		synctest.Wait()
		if f := g.last(); f.State != "open" {
			t.Fatalf("got %s", f.Raw)
		}
	})
}

// The timeline waits for the database within bounds.
func TestTheTimelineIsBounded(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		c := w.core(t, "a", func(c *signaling.Config) { c.Limits.Entries = 4 })
		defer c.stop()
		for i := range 6 {
			id := fmt.Sprintf("room-%d", i)
			w.book(id, time.Hour)
			c.owner(t, id).join(id)
			if i == 0 {
				sleep(time.Second)
			}
		}
		w.setAway(true)
		sleep(time.Second)
		w.setAway(false)
		sleep(time.Second)
		w.mu.Lock()
		defer w.mu.Unlock()
		if n := len(w.timeline); n != 5 {
			t.Fatalf("%d entries are in the timeline", n)
		}
	})
}
