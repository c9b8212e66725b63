// Package notify sends mails to owners.
//
// A mail is a row of the database (clinic.Mail), saved with what it tells of. Any process with the worker's role claims
// those that are due, makes each into a letter from the reservation as it is at that moment, and hands it over:
//
//	waiting ──claim──▶ held ──handed over──▶ sent
//	   ▲                │ │
//	   │                │ ├─ no longer so ──▶ dropped
//	   │                │ └─ refused ───────▶ refused
//	   └── try again ───┘
//
// A mail is sent once as far as SMTP allows: between the server's word that it has the message and the commit that says
// so lie a few milliseconds, and if the process or the database goes away within them the mail goes out again, with the
// same Message-ID and the same link. A server that breaks off before its last word may have the message too.
//
// No address, no word and no link of a mail is ever logged or counted.
package notify

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"time"

	"vetroom/clinic"
	"vetroom/notify/calendar"
)

// What a Worker asks of the rest of the house.
type (
	// Queue keeps the mails.
	Queue interface {
		ClaimMails(ctx context.Context, claim string, hold time.Duration, limit int) ([]clinic.Mail, error)
		PlanMails(ctx context.Context, mails []clinic.Mail) error
		FinishMail(ctx context.Context, m clinic.Mail, outcome string) error
		PostponeMail(ctx context.Context, claim string, m clinic.Mail, due time.Time) error
	}

	// Visits reads what a mail tells of, and takes its link.
	Visits interface {
		Visit(ctx context.Context, reservationID string) (*clinic.Visit, error)
		Vet(ctx context.Context, id string) (*clinic.Vet, error)
		AddLink(ctx context.Context, reservationID string, link clinic.LinkHash) error
	}

	// Writer puts a letter into words, in the owner's language.
	Writer interface {
		Write(v *clinic.View, kind clinic.MailKind, link string) (Words, error)
	}

	// Sender opens a way out for letters.
	Sender interface {
		Open(ctx context.Context) (Outlet, error)
	}

	// Outlet takes letters one after the other. Send returns a *Refusal for what the other side will never take; after any
	// other error the letter may be tried again, on another outlet.
	Outlet interface {
		Send(ctx context.Context, l Letter) error
		Close() error
	}
)

// Words are what a letter says.
type Words struct {
	Subject, Text, HTML string
	Calendar            calendar.Words
}

// Letter is a mail ready to be handed over.
type Letter struct {
	Key      string // the same at each try
	Kind     clinic.MailKind
	Of       string // the reservation
	To       string
	Language string
	At       time.Time
	Link     string
	Words
	File calendar.File
}

// Refusal says that a letter will never be taken.
type Refusal struct{ Code int }

func (r *Refusal) Error() string { return fmt.Sprintf("refused with %d", r.Code) }

// The outcomes of a try, as they are counted; all but the last end a mail.
const (
	Sent      = "sent"
	Dropped   = "dropped" // it was no longer so
	Refused   = "refused"
	Postponed = "postponed"
)

// Config says what a Worker is made of. All of it is needed but where a default is named.
type Config struct {
	Queue   Queue
	Visits  Visits
	Writer  Writer
	Sender  Sender
	Clock   clinic.Clock
	BaseURL *url.URL             // of the site, for links
	LinkKey []byte               // HMAC key of the links' tokens, the same in all processes
	Claim   string               // names this process, another at each start
	Count   func(outcome string) // may be nil
	Log     *slog.Logger
}

const (
	lookEvery = time.Second
	atOnce    = 20               // mails in one claim
	holdFor   = 3 * time.Minute  // they are this process's; none is begun that could take longer
	stepWait  = 30 * time.Second // for a connection, and for a mail on it: servers look long at what they take
	tryWait   = 2*stepWait + 10*time.Second
	saveRetry = 250 * time.Millisecond
	lastTry   = 8 * time.Second // at the end, for the one in hand,
	lastSave  = 2 * time.Second // and to note it
)

// Worker sends what is due.
type Worker struct{ Config }

// New makes a worker.
func New(cfg Config) *Worker {
	if cfg.Count == nil {
		cfg.Count = func(string) {}
	}
	return &Worker{cfg}
}

// Run sends mails until ctx ends; the one in hand is finished.
func (w *Worker) Run(ctx context.Context) error {
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	for {
		more, err := w.RunOnce(ctx)
		if err != nil && ctx.Err() == nil {
			w.Log.Warn("look for mails; trying again", "error", err)
		}
		if more && err == nil && ctx.Err() == nil {
			continue
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

// RunOnce claims mails that are due and sends them, and tells whether there may be more.
func (w *Worker) RunOnce(ctx context.Context) (more bool, err error) {
	mails, err := w.Queue.ClaimMails(ctx, w.Claim, holdFor, atOnce)
	if err != nil || len(mails) == 0 {
		return false, err
	}
	r := &round{Worker: w}
	defer r.close()
	until := w.Clock.Now().Add(holdFor - tryWait)
	for _, m := range mails {
		if ctx.Err() != nil || w.Clock.Now().After(until) {
			return false, ctx.Err() // the claim runs out, and whoever is there then sends the rest
		}
		bounded, cancel := outlive(ctx, tryWait, lastTry)
		outcome, err := r.try(bounded, m)
		cancel()
		r.save(ctx, m, outcome, err)
	}
	return len(mails) == atOnce, nil
}

// outlive gives a context that ends after a time, or some while after ctx.
func outlive(ctx context.Context, after, last time.Duration) (context.Context, context.CancelFunc) {
	longer, cancel := context.WithTimeout(context.WithoutCancel(ctx), after)
	stop := context.AfterFunc(ctx, func() {
		pause(longer, last)
		cancel()
	})
	return longer, func() { stop(); cancel() }
}

// round is one claim's worth of mails, over one outlet as long as that holds.
type round struct {
	*Worker
	outlet Outlet
	closed error // why no outlet can be opened
}

// try sends a mail if it still holds, and says what became of it.
func (r *round) try(ctx context.Context, m clinic.Mail) (outcome string, err error) {
	// At each try, for the last may have failed before this. What is planned already stays as it is.
	if err := r.Queue.PlanMails(ctx, m.Reminders(r.Clock.Now())); err != nil {
		return Postponed, err
	}
	letter, ok, err := r.letter(ctx, m)
	switch {
	case err != nil:
		return Postponed, err
	case !ok:
		return Dropped, nil
	}
	if err := r.open(ctx); err != nil {
		return Postponed, err
	}
	outlet := r.outlet
	err = within(ctx, func() error { return outlet.Send(ctx, letter) })
	var refusal *Refusal
	switch {
	case err == nil:
		return Sent, nil
	case errors.As(err, &refusal):
		return Refused, err
	case errors.Is(err, errCut):
		r.outlet = nil // it is still being waited for
	}
	r.close()
	return Postponed, err
}

// errCut says that a mail server was not waited for any longer.
var errCut = errors.New("the mail server took too long")

// within runs f, whose own patience may be longer than ctx; f then ends later, by itself.
func within(ctx context.Context, f func() error) error {
	done := make(chan error, 1)
	go func() { done <- f() }()
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
		return errCut
	}
}

// open opens an outlet. Where there was none for one mail there is none for the next.
func (r *round) open(ctx context.Context) (err error) {
	if r.outlet != nil || r.closed != nil {
		return r.closed
	}
	opened := make(chan Outlet, 1)
	r.closed = within(ctx, func() error {
		outlet, err := r.Sender.Open(ctx)
		opened <- outlet
		return err
	})
	if r.closed == nil {
		r.outlet = <-opened
	}
	return r.closed
}

func (r *round) close() {
	if r.outlet != nil {
		r.outlet.Close() // what was taken was taken
		r.outlet = nil
	}
}

// letter makes the letter of a mail from the reservation as it is now, and tells whether it still holds.
func (w *Worker) letter(ctx context.Context, m clinic.Mail) (Letter, bool, error) {
	v, err := w.Visits.Visit(ctx, m.ReservationID)
	if errors.Is(err, clinic.ErrNotFound) {
		return Letter{}, false, nil
	}
	if err != nil {
		return Letter{}, false, err
	}
	now := w.Clock.Now()
	owner := v.Reservation.Owner
	if owner.Email == "" || !m.Holds(v, now) {
		return Letter{}, false, nil
	}
	vet, err := w.Visits.Vet(ctx, v.Reservation.VetID)
	if err != nil {
		return Letter{}, false, err
	}
	link, err := w.link(ctx, m)
	if err != nil {
		return Letter{}, false, err
	}
	view := &clinic.View{Visit: v, Vet: vet, At: now}
	words, err := w.Writer.Write(view, m.Kind, link)
	return Letter{
		Key: m.Key(), Kind: m.Kind, Of: m.ReservationID, To: owner.Email, Language: owner.Locale, At: now, Link: link,
		Words: words, File: calendar.Of(view, w.BaseURL, words.Calendar),
	}, true, err
}

// link gives the mail's own link, the same at each try.
func (w *Worker) link(ctx context.Context, m clinic.Mail) (string, error) {
	mac := hmac.New(sha256.New, w.LinkKey)
	mac.Write([]byte(m.Key()))
	token := base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
	err := w.Visits.AddLink(ctx, m.ReservationID, clinic.HashToken(token))
	return w.BaseURL.String() + "/r/" + token, err
}

// save notes what became of a mail. What was sent is noted again and again until the database has it: nothing else is
// sent meanwhile.
func (w *Worker) save(ctx context.Context, m clinic.Mail, outcome string, cause error) {
	w.Count(outcome)
	said := []any{"mail", m.Kind, "reservation", m.ReservationID, "outcome", outcome, "tries", m.Tries + 1}
	if cause != nil {
		w.Log.Warn("a mail was not sent", append(said, "error", cause)...)
	} else {
		w.Log.Debug("a mail", said...)
	}
	last, cancel := outlive(ctx, holdFor, lastSave)
	defer cancel()
	for {
		err := w.saveOnce(last, m, outcome)
		if err == nil {
			return
		}
		w.Log.Warn("note what became of a mail; trying again", "outcome", outcome, "error", err)
		if outcome == Postponed || !pause(last, saveRetry) {
			return // the claim runs out by itself
		}
	}
}

func (w *Worker) saveOnce(ctx context.Context, m clinic.Mail, outcome string) error {
	if outcome == Postponed {
		return w.Queue.PostponeMail(ctx, w.Claim, m, w.Clock.Now().Add(backoff(m.Tries)))
	}
	return w.Queue.FinishMail(ctx, m, outcome)
}

// The pauses between tries: short enough for a reminder 10 minutes before, long enough for a server that is down.
const (
	firstPause  = 15 * time.Second
	longestWait = 30 * time.Minute
)

// backoff is how long to wait after a number of earlier tries that failed.
func backoff(tries int) time.Duration { return min(firstPause<<min(tries, 10), longestWait) }

// pause waits, and tells whether ctx still stands.
func pause(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
