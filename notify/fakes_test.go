package notify_test

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"mime/multipart"
	"mime/quotedprintable"
	"net"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"

	"vetroom/clinic"
	"vetroom/notify"
	"vetroom/notify/calendar"
)

var site = &url.URL{Scheme: "https", Host: "vet.example"}

var start = time.Date(2026, 12, 1, 5, 30, 0, 0, time.UTC)

var errAway = errors.New("the database is away")

// house is a database with visits and mails, and a clock.
type house struct {
	*testing.T
	mu     sync.Mutex // guards what follows
	now    time.Time
	away   int // so many writes fail yet
	noPlan int // so many plans fail yet
	visits map[string]*clinic.Visit
	links  map[clinic.LinkHash]string
	mails  map[string]*row
	log    strings.Builder
}

type row struct {
	clinic.Mail
	claim   string
	until   time.Time
	outcome string
}

func newHouse(t *testing.T) *house {
	return &house{T: t, now: start.Add(-48 * time.Hour), visits: map[string]*clinic.Visit{}, links: map[clinic.LinkHash]string{}, mails: map[string]*row{}}
}

func (h *house) Now() time.Time {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.now
}

func (h *house) advance(d time.Duration) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.now = h.now.Add(d)
}

// book makes a visit whose confirmation waits.
func (h *house) book(id string) *clinic.Visit {
	q := clinic.Request{
		Owner: clinic.Owner{Name: "보호자", Phone: "01012345678", Email: id + "@owner.example", Locale: "ko"}, Pet: clinic.Pet{Name: "초코"},
	}
	ids := clinic.VisitIDs{Reservation: id, Room: "room-" + id, Number: "7KQ-4MN"}
	v, facts := clinic.NewVisit(ids, clinic.KindScheduled, "vet", clinic.Span{Start: start, End: start.Add(20 * time.Minute)}, q, h.Now())
	h.visits[id] = v
	h.tell(facts)
	return v
}

// change does to a visit what the store does.
func (h *house) change(id string, f func(*clinic.Visit) ([]clinic.Event, error)) {
	h.Helper()
	v := *h.visits[id]
	facts, err := f(&v)
	if err != nil {
		h.Fatal(err)
	}
	h.visits[id] = &v
	h.tell(facts)
}

func (h *house) tell(facts []clinic.Event) {
	for _, e := range facts {
		if m, ok := clinic.MailOf(e); ok {
			h.PlanMails(context.Background(), []clinic.Mail{m})
		}
	}
}

func (h *house) write() error {
	if h.away > 0 {
		h.away--
		return errAway
	}
	return nil
}

func (h *house) PlanMails(_ context.Context, mails []clinic.Mail) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.noPlan > 0 {
		h.noPlan--
		return errAway
	}
	for _, m := range mails {
		if h.mails[m.Key()] == nil {
			h.mails[m.Key()] = &row{Mail: m}
		}
	}
	return nil
}

func (h *house) ClaimMails(_ context.Context, claim string, hold time.Duration, limit int) (won []clinic.Mail, _ error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, m := range h.mails {
		if m.outcome == "" && !m.DueAt.After(h.now) && !m.until.After(h.now) && len(won) < limit {
			m.claim, m.until = claim, h.now.Add(hold)
			won = append(won, m.Mail)
		}
	}
	return won, nil
}

func (h *house) FinishMail(_ context.Context, m clinic.Mail, outcome string) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if err := h.write(); err != nil {
		return err
	}
	h.mails[m.Key()].outcome = outcome
	return nil
}

func (h *house) PostponeMail(_ context.Context, claim string, m clinic.Mail, due time.Time) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if r := h.mails[m.Key()]; r.claim == claim {
		r.DueAt, r.until, r.Tries = due, time.Time{}, r.Tries+1
	}
	return h.write()
}

func (h *house) Visit(_ context.Context, id string) (*clinic.Visit, error) {
	if v := h.visits[id]; v != nil {
		return v, nil
	}
	return nil, clinic.ErrNotFound
}

func (h *house) Vet(context.Context, string) (*clinic.Vet, error) {
	return &clinic.Vet{ID: "vet", Profile: clinic.Profile{Name: "하늘 수의사"}, Zone: time.UTC}, nil
}

func (h *house) AddLink(_ context.Context, id string, link clinic.LinkHash) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.links[link] = id
	return nil
}

// Write implements notify.Writer.
func (h *house) Write(v *clinic.View, kind clinic.MailKind, link string) (notify.Words, error) {
	return notify.Words{
		Subject: string(kind) + " 진료", Text: "읽기 " + link, HTML: `<a href="` + link + `">읽기</a>`,
		Calendar: calendar.Words{Summary: "진료", Description: v.Reservation.Number},
	}, nil
}

// worker makes a process that sends.
func (h *house) worker(claim string, sender notify.Sender, counts map[string]int) *notify.Worker {
	key := sha256.Sum256([]byte("key"))
	return notify.New(notify.Config{
		Queue: h, Visits: h, Writer: h, Sender: sender, Clock: h, BaseURL: site, LinkKey: key[:], Claim: claim,
		Count: func(outcome string) { counts[outcome]++ }, Log: slog.New(slog.NewTextHandler(&h.log, &slog.HandlerOptions{Level: slog.LevelDebug})),
	})
}

// round has a worker look once.
func (h *house) round(w *notify.Worker) {
	h.Helper()
	if _, err := w.RunOnce(h.Context()); err != nil {
		h.Fatal(err)
	}
}

// post is a mail server: what it was handed, and what it answers next.
type post struct {
	mu      sync.Mutex // guards what follows
	answers []error    // to the next recipients; nil takes
	atData  []error
	taken   []received
	user    string // the one that signed in
	address string
	stop    func() // ends it; not before it serves
}

type received struct {
	from, to string
	body     string
}

func newPost(t *testing.T, set ...func(*smtp.Server)) *post {
	t.Helper()
	p := &post{}
	p.listen(t, "127.0.0.1:0", set...)
	return p
}

func (p *post) listen(t *testing.T, address string, set ...func(*smtp.Server)) {
	t.Helper()
	listener, err := net.Listen("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	server := smtp.NewServer(smtp.BackendFunc(func(*smtp.Conn) (smtp.Session, error) { return &session{post: p}, nil }))
	server.AllowInsecureAuth, server.ErrorLog = true, quiet{}
	for _, f := range set {
		f(server)
	}
	p.address = listener.Addr().String()
	over := make(chan struct{})
	go func() {
		defer close(over)
		server.Serve(listener)
	}()
	p.stop = sync.OnceFunc(func() {
		listener.Close() // whether or not it serves yet
		server.Close()
		<-over
	})
	t.Cleanup(p.stop)
}

type quiet struct{}

func (quiet) Printf(string, ...any) {}
func (quiet) Println(...any)        {}

func (p *post) mails() []received {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]received(nil), p.taken...)
}

// answer says what the server answers to the next recipients.
func (p *post) answer(errs ...error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.answers = errs
}

type session struct {
	post *post
	now  received
}

func (s *session) AuthMechanisms() []string { return []string{sasl.Plain} }

func (s *session) Auth(string) (sasl.Server, error) {
	return sasl.NewPlainServer(func(_, user, password string) error {
		if password != "s3cret" {
			return smtp.ErrAuthFailed
		}
		s.post.mu.Lock()
		defer s.post.mu.Unlock()
		s.post.user = user
		return nil
	}), nil
}

func (s *session) Reset()                                      {}
func (s *session) Logout() error                               { return nil }
func (s *session) Mail(from string, _ *smtp.MailOptions) error { s.now.from = from; return nil }

func next(list *[]error) (err error) {
	if len(*list) > 0 {
		err, *list = (*list)[0], (*list)[1:]
	}
	return err
}

func (s *session) Rcpt(to string, _ *smtp.RcptOptions) error {
	s.post.mu.Lock()
	defer s.post.mu.Unlock()
	s.now.to = to
	return next(&s.post.answers)
}

func (s *session) Data(r io.Reader) error {
	body, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	s.post.mu.Lock()
	defer s.post.mu.Unlock()
	if err := next(&s.post.atData); err != nil {
		return err
	}
	s.now.body = string(body)
	s.post.taken = append(s.post.taken, s.now)
	return nil
}

// smtpTo makes a sender to a URL.
func smtpTo(t *testing.T, address string) *notify.SMTP {
	t.Helper()
	s, err := notify.NewSMTP(address, site)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func tokenOf(link string) string { return link[strings.LastIndex(link, "/")+1:] }

func logTo(w io.Writer) *slog.Logger { return slog.New(slog.NewTextHandler(w, nil)) }

func silentLog() *slog.Logger { return slog.New(slog.DiscardHandler) }

// boxed gives the letters that a box shows.
func boxed(t *testing.T, b *notify.Box) []map[string]any {
	t.Helper()
	w := httptest.NewRecorder()
	b.ServeHTTP(w, httptest.NewRequest("GET", "/dev/mail", nil))
	var shown struct {
		Mails []map[string]any `json:"mails"`
	}
	if err := json.Unmarshal(w.Body.Bytes(), &shown); err != nil {
		t.Fatal(err)
	}
	return shown.Mails
}

// decoder undoes a part's transfer encoding.
func decoder(p *multipart.Part) io.Reader {
	switch strings.ToLower(p.Header.Get("Content-Transfer-Encoding")) {
	case "base64":
		return base64.NewDecoder(base64.StdEncoding, p)
	case "quoted-printable":
		return quotedprintable.NewReader(p)
	}
	return p
}
