package notify

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"slices"
	"sync"
)

// boxHolds is how many letters a Box keeps.
const boxHolds = 100

// Box is where letters go while no mail server is configured. The log hears that there was one, and of which
// reservation; the box itself, for whoever tries the program out, keeps the newest whole.
type Box struct {
	log  *slog.Logger
	keep bool

	mu      sync.Mutex // guards letters
	letters []Letter
}

// NewBox makes a box that keeps letters, or only tells the log of them.
func NewBox(keep bool, log *slog.Logger) *Box { return &Box{log: log, keep: keep} }

// Open implements Sender.
func (b *Box) Open(context.Context) (Outlet, error) { return b, nil }

// Close implements Outlet.
func (b *Box) Close() error { return nil }

// Send implements Outlet.
func (b *Box) Send(_ context.Context, l Letter) error {
	b.log.Info("no mail server is configured: a mail stays here", "mail", l.Kind, "reservation", l.Of, "language", l.Language)
	if !b.keep {
		return nil
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.letters = append(b.letters, l)
	if n := len(b.letters); n > boxHolds {
		b.letters = slices.Delete(b.letters, 0, n-boxHolds)
	}
	return nil
}

type letterJSON struct {
	At          string `json:"at"`
	Kind        string `json:"kind"`
	Reservation string `json:"reservation_id"`
	To          string `json:"to"`
	Language    string `json:"language"`
	Subject     string `json:"subject"`
	Text        string `json:"text"`
	HTML        string `json:"html"`
	Link        string `json:"link"`
	Calendar    string `json:"calendar"`
}

// ServeHTTP shows the letters, newest first. Who may see them is not asked here.
func (b *Box) ServeHTTP(w http.ResponseWriter, _ *http.Request) {
	b.mu.Lock()
	letters := slices.Clone(b.letters)
	b.mu.Unlock()
	slices.Reverse(letters)
	all := make([]letterJSON, len(letters))
	for i, l := range letters {
		all[i] = letterJSON{
			l.At.UTC().Format("2006-01-02T15:04:05.000Z"), string(l.Kind), l.Of, l.To, l.Language, l.Subject, l.Text, l.HTML, l.Link, l.File.Body,
		}
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	json.NewEncoder(w).Encode(map[string]any{"mails": all}) // a client that went away has nobody to tell
}
