package signaling

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"vetroom/clinic"
)

// slowSeats answers each call after a second, and notes how many seats it was asked for.
type slowSeats struct {
	mu     sync.Mutex // guards what follows
	sizes  []int
	epochs map[clinic.Seat]int64
	fault  error
}

func (s *slowSeats) TakeSeats(ctx context.Context, seats []clinic.Seat) (map[clinic.Seat]int64, error) {
	time.Sleep(time.Second)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sizes = append(s.sizes, len(seats))
	taken := map[clinic.Seat]int64{}
	for _, seat := range seats {
		if seat.RoomID != "nowhere" {
			s.epochs[seat]++
			taken[seat] = s.epochs[seat]
		}
	}
	return taken, s.fault
}

func TestSeatsAreTakenTogether(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		seats := &slowSeats{epochs: map[clinic.Seat]int64{}}
		var running sync.WaitGroup
		k := &taker{seats: seats, ctx: t.Context(), running: &running}
		began := time.Now()
		var group sync.WaitGroup
		for i := range 301 {
			group.Go(func() {
				room := fmt.Sprint("room-", i/2)
				if i == 300 {
					room = "nowhere"
				}
				epoch, err := k.take(t.Context(), clinic.Seat{RoomID: room, Role: clinic.RoleVet})
				if i == 300 && !errors.Is(err, clinic.ErrNotFound) || i < 300 && (err != nil || epoch < 1 || epoch > 2) {
					t.Errorf("%s: epoch %d, %v", room, epoch, err)
				}
			})
		}
		group.Wait()
		running.Wait()
		if took := time.Since(began); took > 3*time.Second || len(seats.sizes) > 3 {
			t.Errorf("%d calls, of %v seats, in %v", len(seats.sizes), seats.sizes, took)
		}
		for seat, epoch := range seats.epochs {
			if epoch != 2 {
				t.Errorf("%v was taken %d times", seat, epoch)
			}
		}
	})
}

func TestWhoCannotWaitForASeatGoes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		seats := &slowSeats{epochs: map[clinic.Seat]int64{}, fault: errors.New("the database is away")}
		var running sync.WaitGroup
		k := &taker{seats: seats, ctx: t.Context(), running: &running}
		ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
		defer cancel()
		if _, err := k.take(ctx, clinic.Seat{RoomID: "room", Role: clinic.RoleVet}); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%v", err)
		}
		if _, err := k.take(t.Context(), clinic.Seat{RoomID: "room", Role: clinic.RoleVet}); !errors.Is(err, seats.fault) {
			t.Errorf("%v", err)
		}
		running.Wait()
	})
}
