package jetstream

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go"

	"vetroom/events"
)

// asClassic connects as asSubscriber does, for nats.go's older JetStream API, which consumes by push.
func asClassic(t *testing.T, s *Server) (*nats.Conn, nats.JetStreamContext) {
	t.Helper()
	nc, _ := asSubscriber(t, s)
	js, err := nc.JetStream(nats.MaxWait(patience))
	if err != nil {
		t.Fatal(err)
	}
	return nc, js
}

// expectPushed receives the messages as they were published, in their order.
func expectPushed(t *testing.T, got <-chan *nats.Msg, want []events.Message) {
	t.Helper()
	for i, m := range want {
		msg := receive(t, "a message", got)
		if msg.Subject != m.Subject || msg.Header.Get("Nats-Msg-Id") != m.ID || string(msg.Data) != string(m.Body) {
			t.Fatalf("message %d is %s, id %q; want %s", i, msg.Subject, msg.Header.Get("Nats-Msg-Id"), m.Subject)
		}
	}
}

// consumersOf waits until the stream ROOM has n consumers.
func consumersOf(t *testing.T, c *Conn, n int) {
	t.Helper()
	eventually(t, "the number of consumers", func() error {
		stream, err := c.js.Stream(t.Context(), "ROOM")
		if err == nil && stream.CachedInfo().State.Consumers != n {
			err = fmt.Errorf("%d consumers, want %d", stream.CachedInfo().State.Consumers, n)
		}
		return err
	})
}

func TestSubscriberIsPushed(t *testing.T) {
	s := start(t, ServerConfig{})
	c := ready(t, ConnectConfig{Server: s})
	want := some("before", 1200)
	mustPublish(t, c, want)
	for i, test := range []struct {
		name string
		opts []nats.SubOpt
	}{
		{"ephemeral", nil},
		{"ordered", []nats.SubOpt{nats.OrderedConsumer()}},
		{"durable", []nats.SubOpt{nats.Durable("billing")}},
		{"flow control and heartbeats", []nats.SubOpt{nats.EnableFlowControl(), nats.IdleHeartbeat(100 * time.Millisecond)}},
		{"an inbox of its choice", []nats.SubOpt{nats.DeliverSubject("_INBOX.mine")}},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, js := asClassic(t, s)
			got := make(chan *nats.Msg, 2000)
			sub, err := js.Subscribe("vetroom.room.>", func(m *nats.Msg) { got <- m }, test.opts...)
			if err != nil {
				t.Fatal(err)
			}
			expectPushed(t, got, want)
			live := some(fmt.Sprint("live", i), 3)
			mustPublish(t, c, live)
			want = append(want, live...)
			expectPushed(t, got, live)
			if err := sub.Unsubscribe(); err != nil { // and with it the client deletes its consumer
				t.Fatal(err)
			}
			consumersOf(t, c, 0)
		})
	}
	t.Run("one subject", func(t *testing.T) {
		_, js := asClassic(t, s)
		sub, err := js.SubscribeSync(want[7].Subject)
		if err != nil {
			t.Fatal(err)
		}
		if msg, err := sub.NextMsg(patience); err != nil || msg.Header.Get("Nats-Msg-Id") != want[7].ID {
			t.Errorf("%v, %v", msg, err)
		}
	})
	t.Run("a group of two", func(t *testing.T) {
		_, one := asClassic(t, s)
		_, two := asClassic(t, s)
		got := make(chan *nats.Msg, 2*len(want))
		for _, js := range []nats.JetStreamContext{one, two} {
			if _, err := js.QueueSubscribe("vetroom.room.>", "workers", func(m *nats.Msg) { got <- m }); err != nil {
				t.Fatal(err)
			}
		}
		left := make(map[string]bool)
		for _, m := range want {
			left[m.ID] = true
		}
		for range want {
			id := receive(t, "a message", got).Header.Get("Nats-Msg-Id")
			if !left[id] {
				t.Fatalf("%s came twice", id)
			}
			delete(left, id)
		}
	})
}

// More than the server sends ahead without a word of the client: with its answers lost it would stop at about 2 MB.
func TestSubscriberControlsFlow(t *testing.T) {
	s := start(t, ServerConfig{})
	c := ready(t, ConnectConfig{Server: s})
	want := some("a", 800)
	for i := range want {
		want[i].Body = []byte(strings.Repeat("x", 10_000))
	}
	mustPublish(t, c, want)
	_, js := asClassic(t, s)
	got := make(chan *nats.Msg, 1000)
	if _, err := js.Subscribe("vetroom.room.>", func(m *nats.Msg) { got <- m }, nats.OrderedConsumer()); err != nil {
		t.Fatal(err)
	}
	expectPushed(t, got, want)
}

// A durable goes on where it was acknowledged; whoever holds it is seen across the accounts.
func TestSubscriberResumesDurablePush(t *testing.T) {
	s := start(t, ServerConfig{})
	c := ready(t, ConnectConfig{Server: s})
	want := some("a", 30)
	mustPublish(t, c, want)
	nc, js := asClassic(t, s)
	opts := []nats.SubOpt{nats.Durable("billing"), nats.ManualAck(), nats.AckWait(time.Second)}
	sub, err := js.SubscribeSync("vetroom.room.>", opts...)
	if err != nil {
		t.Fatal(err)
	}
	for range 10 {
		msg, err := sub.NextMsg(patience)
		if err != nil {
			t.Fatal(err)
		}
		if err := msg.AckSync(); err != nil {
			t.Fatal(err)
		}
	}
	_, other := asClassic(t, s)
	if _, err := other.SubscribeSync("vetroom.room.>", opts...); err == nil || !strings.Contains(err.Error(), "already bound") {
		t.Errorf("a held durable: %v", err)
	}
	nc.Close()
	again := func(m *nats.Msg) {
		if id := m.Header.Get("Nats-Msg-Id"); slices.ContainsFunc(want[:10], func(w events.Message) bool { return w.ID == id }) {
			t.Errorf("%s came again", id)
		}
		m.Ack()
	}
	eventually(t, "the durable is free", func() error {
		_, err = other.Subscribe("vetroom.room.>", again, opts...)
		return err
	})
	eventually(t, "all acknowledged", func() error { // those under way at the break come again after the AckWait
		info, err := other.ConsumerInfo("ROOM", "billing")
		if err == nil && (info.AckFloor.Stream != 30 || !info.PushBound) {
			err = fmt.Errorf("%+v", info)
		}
		return err
	})
	if err := other.DeleteConsumer("ROOM", "billing"); err != nil {
		t.Error(err)
	}
}

// What nats-py sends: the older way to make a durable, no name for an ephemeral, and no deletion of that one.
func TestSubscriberAsksTheOlderWay(t *testing.T) {
	s := start(t, ServerConfig{})
	c := ready(t, ConnectConfig{Server: s})
	want := some("a", 20)
	mustPublish(t, c, want)
	for subject, config := range map[string]string{
		durablePrefix + "ROOM.py": `"durable_name":"py"`,
		createPrefix + "ROOM":     `"inactive_threshold":100000000`,
	} {
		t.Run(subject, func(t *testing.T) {
			nc, js := asClassic(t, s)
			got, inbox := make(chan *nats.Msg, 100), nc.NewInbox()
			sub, err := nc.ChanSubscribe(inbox, got)
			if err != nil {
				t.Fatal(err)
			}
			msg, err := nc.Request(subject, []byte(`{"stream_name":"ROOM","config":{`+config+`,"deliver_policy":"all",
				"ack_policy":"explicit","replay_policy":"instant","filter_subject":"vetroom.room.>","deliver_subject":"`+inbox+`",
				"flow_control":true,"idle_heartbeat":100000000}}`), patience)
			if err != nil {
				t.Fatal(err)
			}
			var made nats.ConsumerInfo
			if err := json.Unmarshal(msg.Data, &made); err != nil || made.Name == "" || made.Config.DeliverSubject != inbox {
				t.Fatalf("answered %s", msg.Data)
			}
			expectPushed(t, got, want)
			if beat := receive(t, "a heartbeat", got); beat.Header.Get("Status") != "100" {
				t.Errorf("after the messages: %+v", beat)
			}
			if err := sub.Unsubscribe(); err != nil {
				t.Fatal(err)
			}
			if made.Config.Durable != "" {
				if err := js.DeleteConsumer("ROOM", made.Name); err != nil {
					t.Error(err)
				}
			}
			consumersOf(t, c, 0) // nobody listens to the other any more
		})
	}
}

// A core subscription is at most once, and hears what the stream refused, too; it does no harm.
func TestSubscriberHearsCore(t *testing.T) {
	s := start(t, ServerConfig{})
	c := ready(t, ConnectConfig{Server: s})
	var all []events.Message
	for _, subject := range []string{"vetroom.booking.confirmed.x", "vetroom.vet.online.x", "vetroom.ai.result.x", "vetroom.room.open.x"} {
		all = append(all, events.Message{ID: subject, Subject: subject, Body: []byte(`{"subject":"` + subject + `"}`)})
	}
	for round, test := range []struct {
		subject string
		want    []events.Message
	}{
		{"vetroom.>", all},
		{"vetroom.*.*.*", all},
		{"vetroom.booking.>", all[:1]},
		{"vetroom.vet.*.x", all[1:2]},
		{"vetroom.ai.result.x", all[2:3]},
		{"vetroom.room.>", all[3:]},
	} {
		t.Run(test.subject, func(t *testing.T) {
			nc, _ := asSubscriber(t, s)
			got := make(chan *nats.Msg, 100)
			if _, err := nc.ChanSubscribe(test.subject, got); err != nil {
				t.Fatal(err)
			}
			if err := nc.Flush(); err != nil {
				t.Fatal(err)
			}
			sent := slices.Clone(all)
			want := slices.Clone(test.want)
			for _, messages := range [][]events.Message{sent, want} {
				for i := range messages {
					messages[i].ID += fmt.Sprint(round)
				}
			}
			for _, m := range sent {
				mustPublish(t, c, []events.Message{m})
			}
			var reply string
			for _, m := range want {
				msg := receive(t, "the message", got)
				if msg.Subject != m.Subject || string(msg.Data) != string(m.Body) {
					t.Errorf("heard %s: %s, want %s", msg.Subject, msg.Data, m.Subject)
				}
				reply = msg.Reply
			}
			// Its reply subject is the application's, in another account: publishing there leads nowhere.
			if err := nc.Publish(reply, []byte(`{"stream":"ROOM","seq":99}`)); err != nil {
				t.Fatal(err)
			}
			if err := refusedPublish(t, nc); err != nil {
				t.Error(err)
			}
			if len(got) > 0 {
				t.Errorf("heard %s too", (<-got).Subject)
			}
		})
	}
}

// Whoever works with the application's user and a client that has not our inbox prefix is not overheard either.
func TestSubscriberHearsNoAnswers(t *testing.T) {
	s := start(t, ServerConfig{})
	ready(t, ConnectConfig{Server: s})
	nc, _ := asSubscriber(t, s)
	heard := make(chan *nats.Msg, 100)
	if _, err := nc.ChanSubscribe("_INBOX.>", heard); err != nil {
		t.Fatal(err)
	}
	if err := nc.Flush(); err != nil {
		t.Fatal(err)
	}
	app, err := nats.Connect(s.URL(), nats.Timeout(patience))
	if err != nil {
		t.Fatal(err)
	}
	defer app.Close()
	if _, err := app.Request("vetroom.room.open.x", []byte("{}"), patience); err != nil { // the stream acknowledges
		t.Fatal(err)
	}
	if err := app.Publish("_INBOX.probe", nil); err != nil { // where consumers deliver
		t.Fatal(err)
	}
	if msg := receive(t, "the probe", heard); msg.Subject != "_INBOX.probe" {
		t.Errorf("heard %s: %s", msg.Subject, msg.Data)
	}
}
