package signaling

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"vetroom/clinic"
	"vetroom/events"
)

// What a Server asks of the rest of the house. Every call is bounded by its context and may fail; the sockets go on.
type (
	// Rights tells whose seat a room has. It returns clinic.ErrNotFound where there is none for who. [clinic.Desk] does.
	Rights interface {
		RoleIn(ctx context.Context, who clinic.Who, roomID string) (clinic.Role, *clinic.Visit, error)
	}

	// Rooms reads rooms, and of many their Rev alone. Unknown ids are left out.
	Rooms interface {
		Rooms(ctx context.Context, ids []string) ([]*clinic.Room, error)
		RoomRevs(ctx context.Context, ids []string) (map[string]int64, error)
	}

	// Seats numbers those who take a seat, over all processes: the highest has it.
	Seats interface {
		TakeSeats(ctx context.Context, seats []clinic.Seat) (map[clinic.Seat]int64, error)
	}

	// Timeline keeps what happened. The first owner_told and vet_told of a reservation count, later ones change nothing.
	Timeline interface {
		Tell(ctx context.Context, entries []clinic.Entry) error
	}

	// Chats keeps what was said. A message under a name that its sender gave before is dropped.
	Chats interface {
		KeepChat(ctx context.Context, messages []clinic.ChatMessage) error
	}

	// Echo answers an offer, an SDP, and sends back what comes, until ctx ends or the browser is gone. address is what
	// counts as the client's. It returns ErrBadOffer and ErrEchoBusy; after another error the next may succeed.
	Echo interface {
		Answer(ctx context.Context, address, offer string) (answer string, err error)
	}

	// Presence notes that vets have a socket now.
	Presence interface {
		Attend(ctx context.Context, vetIDs []string) error
	}

	// Vets reads those vets that exist.
	Vets interface {
		VetsByID(ctx context.Context, ids []string) (map[string]*clinic.Vet, error)
	}

	// Slots gives the slots of a vet that share time with a span. [clinic.Desk] does.
	Slots interface {
		SlotsIn(ctx context.Context, vetID string, span clinic.Span) ([]clinic.Slot, error)
	}

	// Instants gives the requests for a consultation now that stand, and those of ids. [clinic.Desk] does.
	Instants interface {
		InstantNews(ctx context.Context, ids []string) ([]*clinic.InstantView, error)
	}

	// Screenings reads screenings, with the rooms of the reservations that have them: those of ids that exist, and those
	// that ended since an instant.
	Screenings interface {
		ScreeningNews(ctx context.Context, ids []string) ([]clinic.ScreeningNews, error)
		ScreeningsEnded(ctx context.Context, since time.Time) ([]clinic.ScreeningNews, error)
	}

	// Feed follows one of events.Streams, or events.UnlockStream, from now on: one ordered consumer. It blocks until ctx ends and heals by
	// itself. It calls attached whenever it has begun anew to hear everything (the first time, after a break, after a
	// stream was made anew), since what came before may be lost; fn gets the messages one after the other, in order.
	Feed interface {
		Follow(ctx context.Context, stream string, attached func(), fn func(events.Message)) error
	}

	// Bus carries what passes between processes, at most once and only to who listens: a publisher hears itself too.
	// Messages of one publisher on one subject come in order. Publish does not keep the data.
	Bus interface {
		Publish(subject string, data []byte) error
		Subscribe(subject string, fn func(subject string, data []byte)) (cancel func(), err error)
	}
)

// Config says what a Server is made of. All of it is needed but where a default is named.
type Config struct {
	Origins    []string                         // scheme://host[:port] of the pages that may connect
	Identify   func(*http.Request) clinic.Who   // by the cookie; the zero Who for nobody
	Address    func(*http.Request) (key string) // what counts as one client's address; default: the remote host, IPv6 by /64
	Rights     Rights
	Rooms      Rooms
	Seats      Seats
	Timeline   Timeline
	Chats      Chats // nil: what is said is passed on, and not kept
	Presence   Presence
	Vets       Vets
	Slots      Slots
	Instants   Instants
	Screenings Screenings
	Bus        Bus // nil for a process that is alone
	Feed       Feed
	Clock      clinic.Clock
	Key        []byte // HMAC key of resume tokens, 32 bytes, the same in all processes
	// ICE gives a seat of an open room its servers, with credentials until closesAt. It is called under a lock for each
	// seat of each door that opens: it must neither wait nor ask anybody.
	ICE    func(room string, role clinic.Role, closesAt time.Time) []ICEServer
	Echo   Echo   // nil: connections cannot be tried
	Node   string // names this process on the bus: an id without dots, another at each start
	Limits Limits
	OnTold func(late time.Duration) // a browser acknowledged an open door, that long after its opening; may be nil
	// OnChecked hears how each check went; may be nil.
	OnChecked func(CheckVerdict, CheckWay)
	Log       *slog.Logger
}

// Limits bound what one client may take. Zero means the default.
type Limits struct {
	Messages     float64 // a second and socket, acknowledgements too; 250
	Burst        int     // messages at once; 500
	Lookups      float64 // rooms joined or watched, a second and socket; 10
	LookupBurst  int     // at once; 100
	PerSession   int     // sockets of one owner's session or one vet; 20
	PerAddress   int     // sockets without a session from one address; 100
	Queue        int     // frames that wait for one slow socket; 256
	QueueBytes   int     // and their bytes; 1 MiB
	Replay       int     // frames that a seat keeps until they are acknowledged; three quarters of Queue, and never more
	ReplayBytes  int     // and their bytes; likewise
	Entries      int     // timeline entries that wait for the database; 20,000
	Chats        int     // chat messages that wait for it; 5,000
	Says         float64 // chat messages a second and socket; 5
	SaysBurst    int     // at once; 20
	Checks       float64 // messages of a check a second and socket; 0.5
	ChecksBurst  int     // at once; 15
	WriteTimeout time.Duration
}

func (l Limits) withDefaults() Limits {
	orFloat(&l.Messages, 250)
	orInt(&l.Burst, 500)
	orFloat(&l.Lookups, 10)
	orInt(&l.LookupBurst, 2*MaxWatched)
	orInt(&l.PerSession, 20)
	orInt(&l.PerAddress, 100)
	orInt(&l.Queue, 256)
	orInt(&l.QueueBytes, 1<<20)
	orInt(&l.Replay, l.Queue)
	orInt(&l.ReplayBytes, l.QueueBytes)
	l.Replay = min(l.Replay, l.Queue*3/4) // a socket that resumes is sent all of it at once
	l.ReplayBytes = min(l.ReplayBytes, l.QueueBytes*3/4)
	orInt(&l.Entries, 20_000)
	orInt(&l.Chats, 5000)
	orFloat(&l.Says, 5)
	orInt(&l.SaysBurst, 20)
	orFloat(&l.Checks, 0.5)
	orInt(&l.ChecksBurst, 15)
	if l.WriteTimeout == 0 {
		l.WriteTimeout = 10 * time.Second
	}
	return l
}

func orInt(v *int, otherwise int) {
	if *v == 0 {
		*v = otherwise
	}
}

func orFloat(v *float64, otherwise float64) {
	if *v == 0 {
		*v = otherwise
	}
}

func (c *Config) validate() error {
	missing := map[string]bool{
		"Identify": c.Identify == nil, "Rights": c.Rights == nil, "Rooms": c.Rooms == nil, "Seats": c.Seats == nil,
		"Timeline": c.Timeline == nil, "Presence": c.Presence == nil, "Vets": c.Vets == nil, "Feed": c.Feed == nil,
		"Slots": c.Slots == nil, "Instants": c.Instants == nil, "Screenings": c.Screenings == nil,
		"Clock": c.Clock == nil, "ICE": c.ICE == nil, "Log": c.Log == nil,
	}
	for name, is := range missing {
		if is {
			return fmt.Errorf("signaling: Config.%s is missing", name)
		}
	}
	switch {
	case len(c.Key) < 32:
		return errors.New("signaling: Config.Key has fewer than 32 bytes")
	case c.Node == "" || strings.ContainsAny(c.Node, ".*> \t\r\n"):
		return fmt.Errorf("signaling: Config.Node %q cannot name a process", c.Node)
	case len(c.Origins) == 0:
		return errors.New("signaling: Config.Origins is empty: no page could connect")
	}
	return nil
}

// origin brings an Origin into one form: lower case, without the scheme's own port. It gives "" for what is none.
func origin(s string) string {
	u, err := url.Parse(strings.ToLower(s))
	if err != nil || u.Host == "" || u.User != nil || strings.Trim(u.Path, "/") != "" || u.RawQuery != "" {
		return ""
	}
	port := u.Port()
	if (u.Scheme == "http" && port == "80") || (u.Scheme == "https" && port == "443") {
		u.Host = strings.TrimSuffix(u.Host, ":"+port)
	}
	return u.Scheme + "://" + u.Host
}

// remoteAddress is Config.Address where none is given.
func remoteAddress(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	ip := net.ParseIP(host)
	if ip == nil || ip.To4() != nil {
		return host
	}
	return ip.Mask(net.CIDRMask(64, 128)).String()
}
