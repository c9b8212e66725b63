package clinic

import (
	"context"
	"errors"
	"time"
)

// ErrRung says that a vet is rung by another request already.
var ErrRung = errors.New("another request rings this vet")

// InstantStore keeps requests for a consultation now. They are rows like all else: what rings, and until when, outlives
// every process.
type InstantStore interface {
	// AddInstant saves a new request and gives its id; or, if its key was used with the same body before, saves nothing and
	// gives the id of that request. It returns ErrKeyReused if another body used the key, which may be nil.
	AddInstant(ctx context.Context, r *InstantRequest, key *IdempotencyKey) (id string, err error)
	// AskedBefore finds the request that a key with the same body gave before, or returns ErrNotFound or ErrKeyReused.
	AskedBefore(ctx context.Context, key IdempotencyKey) (id string, err error)
	// Instants gives the requests that stand and those of ids, whatever they are, oldest first.
	Instants(ctx context.Context, ids []string) ([]*InstantRequest, error)
	// Instant gives a request, or ErrNotFound.
	Instant(ctx context.Context, id string) (*InstantRequest, error)
	// QueuedBefore counts the requests that are queued and older than this one.
	QueuedBefore(ctx context.Context, r *InstantRequest) (int, error)
	// ChangeInstant saves what decide did. It returns ErrRung if the vet whom it shall ring is rung by another request.
	ChangeInstant(ctx context.Context, id string, decide func(r *InstantRequest, now time.Time) error) (*InstantRequest, error)
	// AcceptInstant saves a request with the visit that decide made of it, which the request's session then holds, and
	// tells the visit's timeline how it came about. It returns ErrNotFound, also for an unknown vet, and ErrSlotTaken.
	AcceptInstant(ctx context.Context, id, vetID string, decide func(r *InstantRequest, vet *Vet, now time.Time) (*Visit, []Event, error)) (*InstantRequest, *Visit, error)
	// OnlineVets gives the vets who are online.
	OnlineVets(ctx context.Context) ([]*Vet, error)
	// Engaged gives when each vet is with somebody within the next day: see [Visit.Engages].
	Engaged(ctx context.Context, vetIDs []string) (map[string][]Span, error)
	// UsualWait gives the median of how long the last accepted requests waited; 0 if there is none.
	UsualWait(ctx context.Context) (time.Duration, error)
}
