package jetstream

import (
	"context"
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	njs "github.com/nats-io/nats.go/jetstream"

	"vetroom/events"
)

// asSubscriber connects as another service would: nats.go with nothing but the URL.
func asSubscriber(t *testing.T, s *Server) (*nats.Conn, njs.JetStream) {
	t.Helper()
	nc, err := nats.Connect(s.SubscriberURL(), nats.Timeout(patience), nats.ErrorHandler(func(*nats.Conn, *nats.Subscription, error) {}))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(nc.Close)
	js, err := njs.New(nc)
	if err != nil {
		t.Fatal(err)
	}
	return nc, js
}

// isUnlocks tells the stream that is Vetroom's own. A subscriber may see that it is there, and no more.
func isUnlocks(name string) bool { return name == events.UnlockStream }

func TestSubscriberConsumes(t *testing.T) {
	s := start(t, ServerConfig{})
	c := ready(t, ConnectConfig{Server: s})
	want := mustPublish(t, c, some("a", 1200))
	_, js := asSubscriber(t, s)
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()

	t.Run("ordered", func(t *testing.T) {
		cons, err := js.OrderedConsumer(ctx, "ROOM", njs.OrderedConsumerConfig{FilterSubjects: []string{"vetroom.room.open.>"}})
		if err != nil {
			t.Fatal(err)
		}
		it, err := cons.Messages()
		if err != nil {
			t.Fatal(err)
		}
		defer it.Stop()
		for i := range want {
			msg, err := it.Next(njs.NextContext(ctx))
			if err != nil {
				t.Fatalf("message %d: %v", i, err)
			}
			if id := msg.Headers().Get("Nats-Msg-Id"); id != want[i].ID {
				t.Fatalf("message %d is %s, want %s", i, id, want[i].ID)
			}
			if typ := msg.Headers().Get("Content-Type"); typ != events.ContentType {
				t.Fatalf("content type %q", typ)
			}
		}
		live := mustPublish(t, c, some("b", 1))
		msg, err := it.Next(njs.NextContext(ctx))
		if err != nil || msg.Headers().Get("Nats-Msg-Id") != live[0].ID {
			t.Fatalf("live message: %v, %v", msg, err)
		}
	})
	t.Run("durable pull with acks", func(t *testing.T) {
		cons, err := js.CreateOrUpdateConsumer(ctx, "ROOM", njs.ConsumerConfig{Durable: "billing", AckPolicy: njs.AckExplicitPolicy})
		if err != nil {
			t.Fatal(err)
		}
		batch, err := cons.Fetch(10, njs.FetchMaxWait(5*time.Second))
		if err != nil {
			t.Fatal(err)
		}
		n := 0
		for msg := range batch.Messages() {
			if err := msg.DoubleAck(ctx); err != nil {
				t.Fatal(err)
			}
			n++
		}
		if n != 10 || batch.Error() != nil {
			t.Fatalf("fetched %d, %v", n, batch.Error())
		}
		if cons, err = js.Consumer(ctx, "ROOM", "billing"); err != nil {
			t.Fatal(err)
		}
		if got := cons.CachedInfo().AckFloor.Stream; got != 10 {
			t.Errorf("acknowledged up to %d, want 10", got)
		}
		if err := js.DeleteConsumer(ctx, "ROOM", "billing"); err != nil {
			t.Error(err)
		}
	})
	t.Run("consume with a callback", func(t *testing.T) {
		cons, err := js.CreateConsumer(ctx, "ROOM", njs.ConsumerConfig{AckPolicy: njs.AckExplicitPolicy})
		if err != nil {
			t.Fatal(err)
		}
		got := make(chan struct{}, 2000)
		cc, err := cons.Consume(func(m njs.Msg) { m.Ack(); got <- struct{}{} })
		if err != nil {
			t.Fatal(err)
		}
		defer cc.Stop()
		for range want {
			receive(t, "a message", got)
		}
	})
	t.Run("reads a stream", func(t *testing.T) {
		if _, err := js.AccountInfo(ctx); err != nil {
			t.Error(err)
		}
		stream, err := js.Stream(ctx, "ROOM")
		if err != nil {
			t.Fatal(err)
		}
		if msg, err := stream.GetMsg(ctx, 3); err != nil || msg.Header.Get("Nats-Msg-Id") != want[2].ID {
			t.Errorf("message 3: %v, %v", msg, err)
		}
		if msg, err := stream.GetLastMsgForSubject(ctx, "vetroom.room.open.a-7"); err != nil || msg.Sequence != 8 {
			t.Errorf("last message: %v, %v", msg, err)
		}
		var names []string
		for name := range js.StreamNames(ctx).Name() {
			names = append(names, name)
		}
		slices.Sort(names)
		if want := slices.Sorted(maps.Keys(events.Streams)); !slices.Equal(slices.DeleteFunc(names, isUnlocks), want) {
			t.Errorf("streams %v, want %v", names, want)
		}
		if _, err := js.CreateOrUpdateConsumer(ctx, events.UnlockStream, njs.ConsumerConfig{}); err == nil {
			t.Error("a subscriber reads the unlocks")
		}
	})
}

// refusedPublish waits for the server's word on the last publish.
func refusedPublish(t *testing.T, nc *nats.Conn) error {
	t.Helper()
	if err := nc.Flush(); err != nil {
		return err
	}
	if err := nc.LastError(); !errors.Is(err, nats.ErrPermissionViolation) {
		return errors.New("not refused")
	}
	return nil
}

func TestSubscriberMayDoNothingElse(t *testing.T) {
	s := start(t, ServerConfig{})
	c := ready(t, ConnectConfig{Server: s})
	mustPublish(t, c, some("a", 10))
	app, err := c.js.CreateConsumer(t.Context(), "ROOM", njs.ConsumerConfig{})
	if err != nil {
		t.Fatal(err)
	}
	secret := app.CachedInfo().Name
	bus := newBus(t, c)
	injected := make(chan string, 100)
	if _, err := c.nc.Subscribe(">", func(m *nats.Msg) {
		if m.Header.Get("Injected") != "" || string(m.Data) == "injected" {
			injected <- m.Subject
		}
	}); err != nil {
		t.Fatal(err)
	}

	for _, subject := range []string{
		"vetroom.room.open.x", "vetroom.booking.confirmed.x", "_vr.nudge", "_vr.inbox.x", "_vr.gate.ROOM",
		"_vr.gate.create.ROOM", "_vr.gate.durable.ROOM.x", "x", "_INBOX.x", "_INBOX.x.y",
		"$JS.API.STREAM.CREATE.ROOM", "$JS.API.STREAM.CREATE.MINE", "$JS.API.STREAM.UPDATE.ROOM",
		"$JS.API.STREAM.DELETE.ROOM", "$JS.API.STREAM.PURGE.ROOM", "$JS.API.STREAM.MSG.DELETE.ROOM",
		"$JS.API.STREAM.SNAPSHOT.ROOM", "$JS.API.STREAM.RESTORE.ROOM", "$JS.API.STREAM.LEADER.STEPDOWN.ROOM",
		"$JS.API.CONSUMER.NAMES.ROOM", "$JS.API.CONSUMER.LIST.ROOM", "$JS.API.CONSUMER.DURABLE.x",
		"$JS.API.CONSUMER.PAUSE.ROOM." + secret, "$JS.API.CONSUMER.RESET.ROOM." + secret,
		"$JS.API.CONSUMER.INFO.OTHER.x", "$JS.API.CONSUMER.MSG.NEXT.OTHER.x", "$JS.API.STREAM.INFO.OTHER",
		"$SYS.REQ.SERVER.PING", "$SYS.REQ.USER.INFO", "$JS.FC.x", "$JS.FC.OTHER.x.y",
	} {
		t.Run("publish "+subject, func(t *testing.T) {
			nc, _ := asSubscriber(t, s)
			msg := &nats.Msg{Subject: subject, Reply: nc.NewInbox(), Data: []byte("injected"), Header: nats.Header{"Injected": {"yes"}}}
			if err := nc.PublishMsg(msg); err != nil {
				t.Fatal(err)
			}
			if err := refusedPublish(t, nc); err != nil {
				t.Error(err)
			}
		})
	}
	for _, subject := range []string{
		">", "*", "_vr.>", "_vr.nudge", "_vr.inbox.>", "_vr.gate.>", "*.>", "*.room.>", "$SYS.>", "$JS.>", "$JS.EVENT.>", "_R_.>",
	} {
		t.Run("subscribe "+subject, func(t *testing.T) {
			nc, _ := asSubscriber(t, s)
			sub, err := nc.SubscribeSync(subject)
			if err != nil {
				t.Fatal(err)
			}
			if err := refusedPublish(t, nc); err != nil {
				t.Error(err)
			}
			if err := bus.Publish("_vr.nudge", []byte("x")); err != nil {
				t.Fatal(err)
			}
			if err := c.nc.Flush(); err != nil {
				t.Fatal(err)
			}
			if m, err := sub.NextMsg(50 * time.Millisecond); err == nil {
				t.Errorf("heard %s", m.Subject)
			}
		})
	}
	t.Run("answers go to its own account", func(t *testing.T) {
		nc, _ := asSubscriber(t, s)
		for _, reply := range []string{"vetroom.booking.confirmed.x", "_vr.nudge", "$JS.API.STREAM.DELETE.BOOKING"} {
			for _, subject := range []string{
				"$JS.API.INFO", "$JS.API.STREAM.INFO.ROOM", "$JS.API.STREAM.MSG.GET.ROOM", "$JS.API.DIRECT.GET.ROOM",
				"$JS.API.CONSUMER.MSG.NEXT.ROOM." + secret, "$JS.API.CONSUMER.CREATE.ROOM",
			} {
				if err := nc.PublishRequest(subject, reply, []byte(`{"seq":1}`)); err != nil {
					t.Fatal(err)
				}
			}
		}
		if err := nc.Flush(); err != nil {
			t.Fatal(err)
		}
		unharmed(t, c, 10)
	})
	t.Run("gate", func(t *testing.T) { refusedByGate(t, s, c) })
	select {
	case subject := <-injected:
		t.Errorf("the application heard the subscriber on %s", subject)
	default:
	}
}

func refusedByGate(t *testing.T, s *Server, c *Conn) {
	nc, _ := asSubscriber(t, s)
	for name, body := range map[string]string{
		"push into a stream":  `{"stream_name":"ROOM","config":{"deliver_subject":"vetroom.booking.confirmed.x"}}`,
		"push to the bus":     `{"stream_name":"ROOM","config":{"deliver_subject":"_vr.nudge"}}`,
		"push to the API":     `{"stream_name":"ROOM","config":{"deliver_subject":"$JS.API.STREAM.DELETE.BOOKING","idle_heartbeat":1000000000}}`,
		"push to our inbox":   `{"stream_name":"ROOM","config":{"deliver_subject":"_vr.inbox.x"}}`,
		"push to the gate":    `{"stream_name":"ROOM","config":{"deliver_subject":"_vr.gate.create.ROOM"}}`,
		"push into itself":    `{"stream_name":"ROOM","config":{"deliver_subject":"vetroom.room.open.x"}}`,
		"push to acks":        `{"stream_name":"ROOM","config":{"deliver_subject":"$JS.ACK.ROOM.x"}}`,
		"push to an answer":   `{"stream_name":"ROOM","config":{"deliver_subject":"_INBOX.x.y"}}`,
		"push to answers":     `{"stream_name":"ROOM","config":{"deliver_subject":"_INBOX.x.*"}}`,
		"push to any inbox":   `{"stream_name":"ROOM","config":{"deliver_subject":"_INBOX.*"}}`,
		"push to all inboxes": `{"stream_name":"ROOM","config":{"deliver_subject":"_INBOX.>"}}`,
		"push to no inbox":    `{"stream_name":"ROOM","config":{"deliver_subject":"_INBOX."}}`,
		"push to the prefix":  `{"stream_name":"ROOM","config":{"deliver_subject":"_INBOX"}}`,
		"push to a lookalike": `{"stream_name":"ROOM","config":{"deliver_subject":"_INBOXES.x"}}`,
		"push to two lines":   `{"stream_name":"ROOM","config":{"deliver_subject":"_INBOX.x\r\nPUB _vr.nudge 0"}}`,
		"push with flow":      `{"stream_name":"ROOM","config":{"deliver_subject":"_vr.nudge","flow_control":true,"idle_heartbeat":1000000000}}`,
		"push to a group":     `{"stream_name":"ROOM","config":{"deliver_subject":"_vr.nudge","deliver_group":"g"}}`,
		"other letters":       `{"stream_name":"ROOM","config":{"Deliver_Subject":"_vr.nudge"}}`,
		"twice":               `{"stream_name":"ROOM","config":{"deliver_subject":""},"config":{"deliver_subject":"_vr.nudge"}}`,
		"the server's own":    `{"stream_name":"ROOM","config":{"direct":true}}`,
		"for sourcing":        `{"stream_name":"ROOM","config":{"sourcing":true}}`,
		"of another stream":   `{"stream_name":"OTHER","config":{}}`,
		"of no stream":        `{"config":{}}`,
		"not JSON":            `{`,
		"nothing":             ``,
		"a list, not a thing": `[]`,
	} {
		for _, way := range []string{createPrefix + "ROOM.x", createPrefix + "ROOM", durablePrefix + "ROOM.x"} {
			t.Run(name+" by "+way, func(t *testing.T) { refusedRequest(t, nc, way, body) })
		}
	}
	stream, err := c.js.Stream(t.Context(), "ROOM")
	if err != nil || stream.CachedInfo().State.Consumers != 1 { // the application's
		t.Errorf("a consumer was made: %+v, %v", stream, err)
	}
	unharmed(t, c, 10)
}

func refusedRequest(t *testing.T, nc *nats.Conn, subject, body string) {
	msg, err := nc.Request(subject, []byte(body), patience)
	if err != nil {
		t.Fatal(err)
	}
	var answer struct {
		Error *struct {
			Code int `json:"code"`
		} `json:"error"`
	}
	if err := json.Unmarshal(msg.Data, &answer); err != nil || answer.Error == nil || answer.Error.Code != 403 {
		t.Errorf("answered %s", msg.Data)
	}
}

// unharmed says that the stream ROOM holds n messages, and the others none.
func unharmed(t *testing.T, c *Conn, n uint64) {
	t.Helper()
	for name := range events.Streams {
		want := uint64(0)
		if name == "ROOM" {
			want = n
		}
		if _, _, last, err := c.StreamState(t.Context(), name); err != nil || last != want {
			t.Errorf("stream %s ends at %d, want %d; %v", name, last, want, err)
		}
	}
}
