package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"time"
)

// leanCmd measures how little a socket that waits can cost: servers that do the same for their clients, each in another
// way (see leanWays). In its table a way stands in the product's column, and in the floor's always the first way: a bare
// server on the product's library, which is the floor of memoryCmd too.
type leanCmd struct {
	memoryCmd
	Ways []string `help:"Which ways, by their names; default: all."`
}

// Run prints the table.
func (c leanCmd) Run(ctx context.Context) error {
	l, err := newLab(ctx, c.options)
	if err != nil {
		return err
	}
	defer l.close()
	c.size()
	r := &report{bench: "lean"}
	for range c.Rounds {
		if err := c.round(l, r); err != nil {
			return err
		}
	}
	return r.finish(c.options)
}

// round measures each way once, the bare server always and first.
func (c leanCmd) round(l *lab, r *report) error {
	var bare []weighed
	for i, way := range leanWays {
		if i > 0 && len(c.Ways) > 0 && !slices.Contains(c.Ways, way.name) {
			continue
		}
		each, err := c.measure(l, way.name)
		if err != nil {
			return fmt.Errorf("%s: %w", way.name, err)
		}
		if i == 0 {
			bare = each
		}
		for j, w := range each {
			row := r.row(fmt.Sprintf("%s, %d sockets", way.name, c.Sockets), w.name, "KB", "")
			row.Product, row.Floor = append(row.Product, w.kb), append(row.Floor, bare[j].kb)
		}
	}
	return nil
}

// weighed is one figure of one way in one round.
type weighed struct {
	name string
	kb   float64
}

// measure starts a server and its clients, reads its memory, and sees that every socket is still told.
func (c leanCmd) measure(l *lab, way string) ([]weighed, error) {
	server, err := l.startServer(l.startSelf("lean-server", way))
	if err != nil {
		return nil, err
	}
	defer server.stop()
	// The clients say that they were told from this instant on, and give up 30 s after it.
	visits := invented(same(c.Sockets/2, time.Now().Add(3*c.Settle)))
	w, crowds, err := c.weigh(l, server, visits)
	defer kill(crowds)
	if err != nil {
		return nil, err
	}
	var own ownMemory
	if err := ask(l.ctx, server.profile+"/memory", &own); err != nil {
		return nil, err
	}
	collected, err := server.rss()
	if err != nil {
		return nil, err
	}
	all := weight{none: w.none, all: collected}
	return []weighed{
		{"a socket of the first tenth", w.first(c.Sockets)},
		{"a socket", w.each(c.Sockets)},
		{"a socket, after a collection", all.each(c.Sockets)},
		{"of that live objects", float64(own.Objects) / float64(c.Sockets) / 1024},
		{"of that stacks", float64(own.Stacks) / float64(c.Sockets) / 1024},
	}, tell(l.ctx, server, crowds)
}

// tell opens every door and waits until every client noted it: what waited so cheaply must still be alive.
func tell(ctx context.Context, server *process, crowds []*crowdProcess) error {
	if err := ask(ctx, server.profile+"/tell", nil); err != nil {
		return err
	}
	for _, clients := range crowds {
		var t told
		if err := clients.hears("told", &t); err != nil {
			return err
		}
		if slices.Contains(t.LateMicros, lost) {
			return fmt.Errorf("of %d sockets some were not told", len(t.LateMicros))
		}
	}
	return nil
}

// ask gets a URL and decodes the answer into v, unless that is nil.
func ask(ctx context.Context, url string, v any) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
	if err != nil {
		return err
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return fmt.Errorf("%s answers %s", url, res.Status)
	}
	if v == nil {
		return nil
	}
	return json.NewDecoder(res.Body).Decode(v)
}
