package jetstream

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"strings"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"

	"vetroom/events"
)

// gateWait bounds how long the server may take to make a consumer.
const gateWait = 5 * time.Second

var (
	errPush     = errors.New(`subscribers' consumers deliver to an inbox, "_INBOX." and one token, only`)
	errInternal = errors.New("this kind of consumer is the server's own")
	errWay      = errors.New("this is no way to make a consumer")
	errStream   = errors.New("subscribers consume the event streams only")
)

// gate makes consumers for subscribers. The server lets a consumer's maker choose any delivery subject on which somebody
// of the application's account listens: the bus, say, a stream, or the inbox of its answers. So the gate lets pull
// consumers pass, and push consumers that deliver to an inbox where the application has none (pushSubjects).
type gate struct {
	nc  *nats.Conn
	log *slog.Logger
}

// openGate connects to the server from within, as the application, and serves until the connection is closed.
func openGate(ctx context.Context, srv *server.Server, pw passwords, log *slog.Logger) (*gate, error) {
	nc, err := nats.Connect("", nats.InProcessServer(srv), nats.UserInfo(applicationUser, pw.Application),
		nats.Name("vetroom gate"), nats.MaxReconnects(-1), nats.ReconnectWait(100*time.Millisecond),
		nats.CustomInboxPrefix(inboxPrefix))
	if err != nil {
		return nil, err
	}
	g := &gate{nc: nc, log: log}
	ctx, cancel := context.WithTimeout(ctx, gateWait)
	defer cancel()
	if _, err = nc.Subscribe(gatePrefix+">", g.serve); err == nil {
		err = nc.FlushWithContext(ctx)
	}
	if err != nil {
		nc.Close()
		return nil, err
	}
	return g, nil
}

func (g *gate) close() { g.nc.Close() }

// serve answers one request to make a consumer; they are made one after the other.
func (g *gate) serve(msg *nats.Msg) {
	answer, err := g.create(msg.Subject, msg.Data)
	if err != nil {
		g.log.Warn("refuse a subscriber's consumer", "error", err)
		answer = refusal(err)
	}
	if err := msg.Respond(answer); err != nil {
		g.log.Warn("answer a subscriber", "error", err)
	}
}

// create asks the server for a consumer, in the way in which the gate was asked.
func (g *gate) create(subject string, body []byte) ([]byte, error) {
	for _, way := range gateways {
		rest, ok := strings.CutPrefix(subject, way.Gate)
		if !ok {
			continue
		}
		request, err := checkCreate(rest, body)
		if err != nil {
			return nil, err
		}
		answer, err := g.nc.Request(way.API+rest, request, gateWait)
		if err != nil {
			return nil, err
		}
		return answer.Data, nil
	}
	return nil, errWay
}

// checkCreate refuses what a subscriber may not have; rest is "stream[.name[.filter]]". What passes is encoded anew, so
// that the server cannot read it otherwise than it was read here.
func checkCreate(rest string, body []byte) ([]byte, error) {
	stream, _, _ := strings.Cut(rest, ".")
	if _, ours := events.Streams[stream]; !ours {
		return nil, errStream
	}
	var request server.CreateConsumerRequest
	if err := json.Unmarshal(body, &request); err != nil {
		return nil, err
	}
	switch c := request.Config; {
	case request.Stream != stream:
		return nil, errStream
	case c.DeliverSubject != "" && !isInbox(c.DeliverSubject):
		return nil, errPush
	case c.Direct || c.Sourcing:
		return nil, errInternal
	}
	return json.Marshal(request)
}

// isInbox says whether a subject is one of pushSubjects, and no pattern.
func isInbox(subject string) bool {
	name, ok := strings.CutPrefix(subject, pushPrefix)
	return ok && name != "" && !strings.ContainsAny(name, ".*> \t\r\n\f")
}

// refusal is the JetStream API's answer to a request that is not granted; clients show its description.
func refusal(err error) []byte {
	body, _ := json.Marshal(server.JSApiConsumerCreateResponse{ApiResponse: server.ApiResponse{
		Type:  server.JSApiConsumerCreateResponseType,
		Error: &server.ApiError{Code: 403, ErrCode: uint16(server.JSConsumerCreateErrF), Description: err.Error()},
	}}) // cannot fail: strings and numbers
	return body
}
