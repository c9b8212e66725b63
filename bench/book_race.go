package main

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"vetroom/clinic"
)

const (
	racers    = 64
	raceSlots = 100
)

// race lets 64 clients race for 100 slots that lie side by side, each client for each slot: 100 bookings come about,
// and whoever does not get one is told that the slot is taken, and nothing else.
func (c *bookCmd) race(l *lab, out *report, kind string) error {
	rival, s, desk, err := l.newRival(kind, 1)
	if err != nil {
		return err
	}
	vets := rival.calendar.clients[0]
	for round := range c.Rounds {
		won, lost, err := raceFor(l, desk, vets[round])
		if err != nil {
			return err
		}
		first := rival.calendar.first
		busy, err := s.Busy(l.ctx, vets[round:round+1], clinic.Span{Start: first, End: first.AddDate(0, 0, 7)})
		if err != nil {
			return err
		}
		of := fmt.Sprintf("%s, %d race for %d slots", kind, racers, raceSlots)
		note := func(name, unit, goal string, v float64) {
			row := out.row(of, name, unit, goal)
			row.Product = append(row.Product, v)
		}
		note("told that they won", "", "exactly 100", float64(len(won)))
		note("reservations in the store", "", "exactly 100", float64(len(busy[vets[round]])))
		note("winners p50", "ms", "", ms(percentile(won, .5)))
		note("winners p99", "ms", "", ms(percentile(won, .99)))
		note("winners last", "ms", "", ms(percentile(won, 1)))
		note("losers p50", "ms", "", ms(percentile(lost, .5)))
		note("losers p99", "ms", "", ms(percentile(lost, .99)))
		note("losers last", "ms", "", ms(percentile(lost, 1)))
	}
	return nil
}

// raceFor gives how long winners and losers took, each sorted. Any other answer is an error.
func raceFor(l *lab, desk *clinic.Desk, vet string) (won, lost []time.Duration, err error) {
	settle()
	first := time.Now().UTC().Truncate(time.Hour).AddDate(0, 0, 3)
	var wait sync.WaitGroup
	var mu sync.Mutex // guards won, lost and err
	for range racers {
		wait.Go(func() {
			for slot := range raceSlots {
				at := time.Now()
				start := first.Add(time.Duration(slot*visitMinutes) * time.Minute)
				_, refused := desk.FollowUp(l.ctx, clinic.FollowUpRequest{VetID: vet, Start: start, Minutes: visitMinutes, Request: aRequest()})
				took := time.Since(at)
				mu.Lock()
				switch {
				case refused == nil:
					won = append(won, took)
				case errors.Is(refused, clinic.ErrSlotTaken):
					lost = append(lost, took)
				default:
					err = fmt.Errorf("a racer was told: %w", refused)
				}
				mu.Unlock()
			}
		})
	}
	wait.Wait()
	slices.SortFunc(won, cmp.Compare)
	slices.SortFunc(lost, cmp.Compare)
	return won, lost, err
}
