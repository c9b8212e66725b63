package jetstream

import (
	"errors"

	"github.com/nats-io/nats.go"
	njs "github.com/nats-io/nats.go/jetstream"
)

var (
	// ErrLocked says that another process holds the server's folder.
	ErrLocked = errors.New("another process uses this folder")
	// ErrConfig says that a configuration file of the server holds what it may not, or cannot be read.
	ErrConfig = errors.New("nats configuration")
	// ErrNotRunning says that no server of this folder is known to run.
	ErrNotRunning = errors.New("no NATS server runs on this folder")
	// ErrAway says that the broker cannot be reached now.
	ErrAway = errors.New("the broker is away")
	// ErrNoStream says that the broker has no stream for this; the connection is already making it.
	ErrNoStream = errors.New("the broker has no such stream")
	// ErrClosed says that the connection was closed by its owner.
	ErrClosed = errors.New("the connection is closed")
	// ErrNobody says that nobody answered to a request's subject.
	ErrNobody = errors.New("nobody answers to this subject")
	// ErrSubject says that a subject is not one of the Bus's.
	ErrSubject = errors.New(`a subject of the bus begins with "_vr."`)
)

// translate gives a broker error this package's name for it, keeping the cause.
func translate(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, nats.ErrConnectionClosed):
		return errors.Join(ErrClosed, err)
	case errors.Is(err, nats.ErrDisconnected), errors.Is(err, nats.ErrReconnectBufExceeded),
		errors.Is(err, nats.ErrConnectionReconnecting), errors.Is(err, njs.ErrAsyncPublishTimeout):
		return errors.Join(ErrAway, err)
	case errors.Is(err, njs.ErrNoStreamResponse), errors.Is(err, njs.ErrStreamNotFound):
		return errors.Join(ErrNoStream, err)
	}
	return err
}
