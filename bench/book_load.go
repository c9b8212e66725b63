package main

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"golang.org/x/sync/errgroup"

	"vetroom/clinic"
)

// booker books one visit of a vet.
type booker func(ctx context.Context, client int, vet string, start time.Time) error

// calendarOf hands out times that are free: each client has vets of its own, whose visits of 20 minutes begin every 30,
// from three days ahead on. So none is beside another, and each booking writes the same rows.
type calendarOf struct {
	first   time.Time
	clients [][]string     // vets by client
	next    []atomic.Int64 // by client
}

const visitMinutes = 20

func newCalendar(vets []string, clients int) *calendarOf {
	c := &calendarOf{
		first:   time.Now().UTC().Truncate(time.Hour).AddDate(0, 0, 3),
		clients: make([][]string, clients), next: make([]atomic.Int64, clients),
	}
	for i, vet := range vets {
		c.clients[i%clients] = append(c.clients[i%clients], vet)
	}
	return c
}

// take gives a client's next free time. A vet's year has 17,520 of them.
func (c *calendarOf) take(client int) (vet string, start time.Time) {
	n, vets := int(c.next[client].Add(1)-1), c.clients[client]
	return vets[n%len(vets)], c.first.Add(time.Duration(n/len(vets)) * 30 * time.Minute)
}

// tally is what a round came to.
type tally struct {
	took      time.Duration
	latencies []time.Duration // sorted
	failed    int             // of latencies, those whose answer was no success
	cpu       time.Duration   // of this process: clients, and the store or the floor
}

func (t tally) rate() float64 { return float64(len(t.latencies)) / t.took.Seconds() }

// at gives a percentile of the latencies.
func (t tally) at(p float64) time.Duration { return percentile(t.latencies, p) }

// closedLoop has n clients book, each one after another, for a while.
func closedLoop(ctx context.Context, calendar *calendarOf, n int, length time.Duration, book booker) (tally, error) {
	settle()
	var all tally
	var mu sync.Mutex // guards all.latencies
	began, cpu := time.Now(), selfCPU()
	group, ctx := errgroup.WithContext(ctx)
	for client := range n {
		group.Go(func() error {
			var own []time.Duration
			for time.Since(began) < length {
				vet, start := calendar.take(client)
				at := time.Now()
				if err := book(ctx, client, vet, start); err != nil {
					return err
				}
				own = append(own, time.Since(at))
			}
			mu.Lock()
			defer mu.Unlock()
			all.latencies = append(all.latencies, own...)
			return nil
		})
	}
	err := group.Wait()
	all.took, all.cpu = time.Since(began), selfCPU()-cpu
	slices.SortFunc(all.latencies, cmp.Compare)
	return all, err
}

// selfCPU is the processor time that this process has taken so far.
func selfCPU() time.Duration {
	var used syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &used) != nil {
		return 0
	}
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}

// each is what one of them took of something, in microseconds.
func (t tally) each(d time.Duration) float64 {
	return float64(d.Microseconds()) / float64(max(1, len(t.latencies)))
}

// atDesk books at the product's front desk.
func atDesk(desk *clinic.Desk) booker {
	return func(ctx context.Context, _ int, vet string, start time.Time) error {
		_, err := desk.FollowUp(ctx, clinic.FollowUpRequest{VetID: vet, Start: start, Minutes: visitMinutes, Request: aRequest()})
		if err != nil {
			return fmt.Errorf("book at the desk: %w", err)
		}
		return nil
	}
}
