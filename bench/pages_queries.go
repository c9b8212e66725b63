package main

import (
	"context"
	"fmt"
	"strconv"
	"strings"
)

// countedCalls is over how many calls of one reading its queries are counted.
const countedCalls = 200

// queries counts what a read asks the database, on MariaDB, which counts itself: of few vets, visits and reservations
// and of ten times as many. A query in a loop would show as more.
func (c *pagesCmd) queries(l *lab, out *report) error {
	for _, size := range []struct {
		name               string
		vets, visits, held int
	}{{"few", 5, 5, 2}, {"ten times as many", 50, 50, 20}} {
		s, err := l.openSite(mariadbKind, size.vets, size.visits, size.held, "VETROOM_ROLES=web")
		if err != nil {
			return err
		}
		for _, r := range c.chosen(s) {
			for range c.Rounds {
				n, err := s.queriesOf(l.ctx, r)
				if err != nil {
					return err
				}
				row := out.row("queries, "+r.name, size.name, "", "the same")
				row.Product = append(row.Product, n)
			}
		}
		s.process.stop()
	}
	return nil
}

// queriesOf counts the queries of a reading. What else asks the server meanwhile, its clock being read every 10 s, is
// below a twentieth of a query a call.
func (s *site) queriesOf(ctx context.Context, r reading) (float64, error) {
	before, err := s.questions(ctx)
	if err != nil {
		return 0, err
	}
	empty, err := s.questions(ctx)
	if err != nil {
		return 0, err
	}
	for range countedCalls {
		if _, _, err := s.call(ctx, "GET", r.path, r.cookie, nil); err != nil {
			return 0, err
		}
	}
	after, err := s.questions(ctx)
	if err != nil {
		return 0, err
	}
	return (after - empty - (empty - before)) / countedCalls, nil
}

// questions is how many statements the server was sent so far.
func (s *site) questions(ctx context.Context) (float64, error) {
	text, err := s.db.server.Query(ctx, "", "SHOW GLOBAL STATUS LIKE 'Questions'")
	if err != nil {
		return 0, err
	}
	_, number, _ := strings.Cut(text, "\t")
	n, err := strconv.ParseFloat(strings.TrimSpace(number), 64)
	if err != nil {
		return 0, fmt.Errorf("count queries: %w", err)
	}
	return n, nil
}
