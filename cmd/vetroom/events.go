package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"vetroom/configs"
	"vetroom/events"
	"vetroom/events/jetstream"
)

type eventsCmd struct {
	Tail tailCmd `cmd:"" help:"Print events as they come, one JSON a line, until interrupted."`
	URL  urlCmd  `cmd:"" name:"url" help:"Print the NATS URL, with credentials, that a subscribing service uses."`
}

type urlCmd struct{}

// Run prints the subscriber's URL, which is a secret.
func (urlCmd) Run(a *app) error {
	if a.cfg.NATSURL != "" {
		a.warn("The NATS server is an outside one: this is the user that Vetroom itself has there. Give a subscribing service one of its own that may only consume.")
		return a.say("%s", a.cfg.NATSURL.Reveal())
	}
	found, err := credentials(a.cfg)
	if err != nil {
		return err
	}
	return a.say("%s", found.SubscriberURL)
}

// brokerURL gives where the application's own user reaches the broker: a secret.
func brokerURL(cfg configs.Config) (string, error) {
	if cfg.NATSURL != "" {
		return cfg.NATSURL.Reveal(), nil
	}
	found, err := credentials(cfg)
	return found.ApplicationURL, err
}

// credentials finds the NATS server of a running vetroom by its data folder.
func credentials(cfg configs.Config) (jetstream.Credentials, error) {
	dir := natsDir(cfg)
	if _, err := os.Stat(dir); errors.Is(err, fs.ErrNotExist) {
		return jetstream.Credentials{}, fmt.Errorf("the NATS server of %s has never run; start \"vetroom serve\", or name the right folder with --data-dir", cfg.DataDir)
	}
	found, err := jetstream.ReadCredentials(dir)
	if errors.Is(err, jetstream.ErrNotRunning) {
		return found, fmt.Errorf("the NATS server of %s is not running; start \"vetroom serve\"", cfg.DataDir)
	}
	return found, err
}

// brokerWait bounds how long tail waits for a broker at its start; later it waits for ever.
const brokerWait = 5 * time.Second

type tailCmd struct {
	Type string `placeholder:"TYPE" help:"Only these: ${event_kinds}, or one type such as booking.confirmed."`
	From string `default:"now" placeholder:"start|now|TIME" help:"Where to begin: start, now, or a time such as 2026-12-01T05:30:00Z."`
}

// Run prints events until it is interrupted, which is no failure. Events of one stream come in its order; between
// streams there is none.
func (c tailCmd) Run(a *app) error {
	from, err := parseFrom(c.From)
	if err != nil {
		return usageError{err}
	}
	streams, err := streamsOf(c.Type)
	if err != nil {
		return usageError{err}
	}
	wait, cancel := context.WithTimeout(a.ctx, brokerWait)
	defer cancel()
	conn, err := a.connect(wait)
	if err != nil {
		return err
	}
	defer conn.Close(context.WithoutCancel(a.ctx))
	return a.tail(conn, streams, from)
}

// tail follows each stream on its own; one writer prints, a line in one piece, at once.
func (a *app) tail(conn *jetstream.Conn, streams map[string][]string, from jetstream.From) error {
	all, ctx := errgroup.WithContext(a.ctx)
	lines := make(chan []byte)
	for stream, subjects := range streams {
		follow := jetstream.FollowConfig{Stream: stream, Subjects: subjects, From: from, Log: a.log,
			OnAttached: func() { a.log.Debug("following", "stream", stream) }}
		all.Go(func() error {
			return conn.Follow(ctx, follow, func(d jetstream.Delivered) { send(ctx, lines, oneLine(d.Body)) })
		})
	}
	all.Go(func() error { return printLines(ctx, a, lines) })
	return all.Wait()
}

func send(ctx context.Context, lines chan<- []byte, line []byte) {
	select {
	case lines <- line:
	case <-ctx.Done():
	}
}

func printLines(ctx context.Context, a *app, lines <-chan []byte) error {
	for {
		select {
		case <-ctx.Done():
			return nil
		case line := <-lines:
			if _, err := a.stdout.Write(line); err != nil {
				return fmt.Errorf("print an event: %w", err)
			}
		}
	}
}

// oneLine takes the line breaks out of a JSON text. What is no JSON, and so no event of ours, is printed as a JSON
// string: a line stays one JSON.
func oneLine(body []byte) []byte {
	var line bytes.Buffer
	if err := json.Compact(&line, body); err != nil {
		text, _ := json.Marshal(string(body)) // a string always can be
		return append(text, '\n')
	}
	line.WriteByte('\n')
	return line.Bytes()
}

func parseFrom(text string) (jetstream.From, error) {
	switch text {
	case "start":
		return jetstream.FromAll(), nil
	case "now":
		return jetstream.FromNew(), nil
	}
	t, err := time.Parse(time.RFC3339Nano, text)
	if err != nil {
		return jetstream.From{}, fmt.Errorf("--from: %q is not start, now or a time such as 2026-12-01T05:30:00Z", text)
	}
	return jetstream.FromTime(t), nil
}

// eventKinds are the first parts of the event types, each a stream.
func eventKinds() []string {
	var kinds []string
	for stream := range maps.Keys(events.Streams) {
		kinds = append(kinds, strings.ToLower(stream))
	}
	slices.Sort(kinds)
	return kinds
}

var eventWhat = regexp.MustCompile(`^[a-z_]+$`)

// streamsOf gives the streams that hold a type's events, each with the subjects wanted of it; none means all of it.
func streamsOf(eventType string) (map[string][]string, error) {
	kind, what, narrowed := strings.Cut(strings.TrimPrefix(eventType, "vetroom."), ".")
	all := map[string][]string{}
	for _, known := range eventKinds() {
		if eventType == "" || known == kind {
			all[strings.ToUpper(known)] = nil
		}
	}
	if len(all) == 0 || narrowed && !eventWhat.MatchString(what) {
		return nil, fmt.Errorf("--type: %q is not %s, or one of their types such as booking.confirmed", eventType, strings.Join(eventKinds(), ", "))
	}
	if narrowed {
		all[strings.ToUpper(kind)] = []string{"vetroom." + kind + "." + what + ".>"}
	}
	return all, nil
}
