package notify_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"io"
	"mime"
	"mime/multipart"
	"net/http/httptest"
	"net/mail"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/emersion/go-smtp"

	"vetroom/clinic"
	"vetroom/configs/configstest"
	"vetroom/notify"
)

func TestAMailOfABooking(t *testing.T) {
	h, p, counts := newHouse(t), newPost(t), map[string]int{}
	h.book("r1")
	w := h.worker("a", smtpTo(t, "smtp://clinic:s3cret@"+p.address+"?from="+url.QueryEscape("동물병원 <hello@vet.example>")), counts)
	h.round(w)
	h.round(w)
	got := p.mails()
	if len(got) != 1 || got[0].from != "hello@vet.example" || got[0].to != "r1@owner.example" || p.user != "clinic" {
		t.Fatalf("taken: %+v by %s", got, p.user)
	}
	m, err := mail.ReadMessage(strings.NewReader(got[0].body))
	if err != nil {
		t.Fatal(err)
	}
	subject, err := new(mime.WordDecoder).DecodeHeader(m.Header.Get("Subject"))
	if err != nil || subject != "confirmed 진료" || m.Header.Get("Message-Id") != "<r1.confirmed.0@vet.example>" ||
		m.Header.Get("Auto-Submitted") != "auto-generated" || m.Header.Get("Date") != h.Now().Format(time.RFC1123Z) {
		t.Errorf("header %v", m.Header)
	}
	parts := partsOf(t, m.Header.Get("Content-Type"), m.Body)
	link := strings.TrimPrefix(strings.TrimSpace(parts["text/plain"]), "읽기 ")
	if h.links[clinic.HashToken(tokenOf(link))] != "r1" || !strings.HasPrefix(link, "https://vet.example/r/") {
		t.Errorf("the link %q lets nobody in", link)
	}
	if !strings.Contains(parts["text/html"], link) || !strings.Contains(parts["text/calendar"], "UID:r1@vet.example\r\n") {
		t.Errorf("parts %q", parts)
	}
	if counts[notify.Sent] != 1 || len(counts) != 1 {
		t.Errorf("counted %v", counts)
	}
	if log := h.log.String(); strings.Contains(log, "owner.example") || strings.Contains(log, tokenOf(link)) || strings.Contains(log, "s3cret") {
		t.Errorf("the log says %s", log)
	}
}

// partsOf gives the leaves of a multipart body by their media types, decoded.
func partsOf(t *testing.T, contentType string, body io.Reader) map[string]string {
	t.Helper()
	found := map[string]string{}
	_, params, err := mime.ParseMediaType(contentType)
	if err != nil {
		t.Fatal(err)
	}
	for r := multipart.NewReader(body, params["boundary"]); ; {
		part, err := r.NextPart()
		if err == io.EOF {
			return found
		}
		if err != nil {
			t.Fatal(err)
		}
		kind, _, _ := mime.ParseMediaType(part.Header.Get("Content-Type"))
		if strings.HasPrefix(kind, "multipart/") {
			for k, v := range partsOf(t, part.Header.Get("Content-Type"), part) {
				found[k] = v
			}
			continue
		}
		raw, err := io.ReadAll(decoder(part))
		if err != nil {
			t.Fatal(err)
		}
		found[kind] = string(raw)
	}
}

func TestRemindersComeOnce(t *testing.T) {
	h, p := newHouse(t), newPost(t)
	h.book("r1")
	w := h.worker("a", smtpTo(t, "smtp://"+p.address), map[string]int{})
	var when []time.Duration
	for ; h.Now().Before(start); h.advance(time.Minute) {
		before := len(p.mails())
		h.round(w)
		if len(p.mails()) > before {
			when = append(when, start.Sub(h.Now()))
		}
	}
	want := []time.Duration{48 * time.Hour, 24 * time.Hour, 10 * time.Minute}
	if len(when) != 3 || when[0] != want[0] || when[1] != want[1] || when[2] != want[2] {
		t.Errorf("mails came %v before the start", when)
	}
}

func TestRemindersOutliveAFaultAndATransfer(t *testing.T) {
	h, p, counts := newHouse(t), newPost(t), map[string]int{}
	h.book("r1")
	w := h.worker("a", smtpTo(t, "smtp://"+p.address), counts)
	h.noPlan = 1
	h.round(w)
	if counts[notify.Postponed] != 1 || len(h.mails) != 1 {
		t.Fatalf("counted %v, planned %v", counts, h.mails)
	}
	h.advance(15 * time.Second)
	h.round(w)
	if len(p.mails()) != 1 || len(h.mails) != 3 {
		t.Fatalf("taken %d, planned %v", len(p.mails()), h.mails)
	}
	h.change("r1", func(v *clinic.Visit) ([]clinic.Event, error) { return v.Transfer(&clinic.Vet{ID: "other"}, h.Now()) })
	for ; h.Now().Before(start); h.advance(time.Minute) {
		h.round(w)
	}
	if len(p.mails()) != 4 || counts[notify.Sent] != 4 { // confirmed, moved, and two reminders
		t.Errorf("taken %d, counted %v", len(p.mails()), counts)
	}
}

func TestNoMailOfWhatIsNoLongerSo(t *testing.T) {
	h, p, counts := newHouse(t), newPost(t), map[string]int{}
	h.book("cancelled")
	h.book("moved")
	w := h.worker("a", smtpTo(t, "smtp://"+p.address), counts)
	h.round(w)
	later := clinic.Span{Start: start.Add(2 * time.Hour), End: start.Add(3 * time.Hour)}
	h.change("moved", func(v *clinic.Visit) ([]clinic.Event, error) { return v.Move(later, clinic.ByOwner, h.Now()) })
	h.change("cancelled", func(v *clinic.Visit) ([]clinic.Event, error) {
		return v.Cancel(clinic.Cancellation{By: clinic.ByVet, Code: clinic.ReasonVet}, h.Now())
	})
	for ; h.Now().Before(start.Add(3 * time.Hour)); h.advance(5 * time.Minute) {
		h.round(w)
	}
	subjects := map[string]int{}
	for _, m := range p.mails() {
		message, _ := mail.ReadMessage(strings.NewReader(m.body))
		subjects[message.Header.Get("Message-Id")]++
	}
	if len(p.mails()) != 6 || len(subjects) != 6 || counts[notify.Dropped] != 4 { // two confirmed, one moved, one cancelled, two reminders of the move
		t.Errorf("sent %v, counted %v", subjects, counts)
	}
	if cancelled := p.mails(); !strings.Contains(allBodies(t, cancelled), "METHOD:CANCEL") {
		t.Error("no calendar takes the cancelled visit out")
	}
}

func allBodies(t *testing.T, mails []received) (all string) {
	t.Helper()
	for _, r := range mails {
		m, err := mail.ReadMessage(strings.NewReader(r.body))
		if err != nil {
			t.Fatal(err)
		}
		all += partsOf(t, m.Header.Get("Content-Type"), m.Body)["text/calendar"]
	}
	return all
}

func refused(code int) error { return &smtp.SMTPError{Code: code, Message: "r1@owner.example: no"} }

func TestTriesAgainWhatIsRefusedForNow(t *testing.T) {
	h, p, counts := newHouse(t), newPost(t), map[string]int{}
	h.book("r1")
	h.book("r2")
	p.answer(refused(451), refused(421))
	w := h.worker("a", smtpTo(t, "smtp://"+p.address), counts)
	h.round(w)
	h.round(w) // not yet
	if len(p.mails()) != 0 || counts[notify.Postponed] != 2 {
		t.Fatalf("taken %d, counted %v", len(p.mails()), counts)
	}
	p.mu.Lock()
	p.atData = []error{refused(452)}
	p.mu.Unlock()
	h.advance(15 * time.Second)
	h.round(w)
	h.advance(30 * time.Second)
	h.round(w)
	if len(p.mails()) != 2 || counts[notify.Sent] != 2 || counts[notify.Postponed] != 3 {
		t.Errorf("taken %d, counted %v", len(p.mails()), counts)
	}
	if strings.Contains(h.log.String(), "owner.example") || !strings.Contains(h.log.String(), "451") {
		t.Errorf("the log says %s", h.log.String())
	}
}

func TestGivesUpWhatIsRefusedForGood(t *testing.T) {
	h, p, counts := newHouse(t), newPost(t), map[string]int{}
	h.book("r1")
	p.answer(refused(550))
	w := h.worker("a", smtpTo(t, "smtp://"+p.address), counts)
	h.round(w)
	h.advance(time.Hour)
	h.round(w)
	if len(p.mails()) != 0 || counts[notify.Refused] != 1 || len(counts) != 1 {
		t.Errorf("taken %d, counted %v", len(p.mails()), counts)
	}
	h.advance(23 * time.Hour)
	if h.round(w); len(p.mails()) != 1 {
		t.Error("the reminder is refused with the confirmation")
	}
}

func TestWaitsForAServerThatIsAway(t *testing.T) {
	h, p, counts := newHouse(t), &post{address: configstest.FreeAddr(t)}, map[string]int{}
	h.book("r1")
	h.round(h.worker("a", smtpTo(t, "smtp://"+p.address), counts))
	if counts[notify.Postponed] != 1 {
		t.Fatalf("counted %v", counts)
	}
	p.listen(t, p.address)
	h.advance(15 * time.Second)
	h.round(h.worker("b", smtpTo(t, "smtp://"+p.address), counts)) // another process, after a restart
	if len(p.mails()) != 1 || counts[notify.Sent] != 1 {
		t.Errorf("taken %d, counted %v", len(p.mails()), counts)
	}
}

func TestAMailThatWasTakenIsNotedThoughTheDatabaseWasAway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h, counts := newHouse(t), map[string]int{}
		h.book("r1")
		h.away = 3
		box := notify.NewBox(true, silentLog())
		w := h.worker("a", box, counts)
		began := time.Now()
		h.round(w)
		h.round(w)
		if got := len(boxed(t, box)); got != 1 || h.mails["r1.confirmed.0"].outcome != notify.Sent {
			t.Errorf("%d sent, %+v", got, h.mails["r1.confirmed.0"])
		}
		if waited := time.Since(began); waited != 3*250*time.Millisecond {
			t.Errorf("waited %v", waited)
		}
	})
}

func TestAClaimThatRanOutIsAnothers(t *testing.T) {
	h, p, counts := newHouse(t), newPost(t), map[string]int{}
	h.book("r1")
	if got, _ := h.ClaimMails(t.Context(), "dead", 5*time.Minute, 10); len(got) != 1 {
		t.Fatal("nothing to claim")
	}
	w := h.worker("a", smtpTo(t, "smtp://"+p.address), counts)
	h.round(w)
	if len(p.mails()) != 0 {
		t.Error("sent what another holds")
	}
	h.advance(5 * time.Minute)
	if h.round(w); len(p.mails()) != 1 {
		t.Error("nobody sends what a dead process held")
	}
}

func TestRunSendsAndEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t)
		box := notify.NewBox(true, silentLog())
		w := h.worker("a", box, map[string]int{})
		ctx, cancel := context.WithCancel(t.Context())
		over := make(chan error)
		go func() { over <- w.Run(ctx) }()
		h.book("r1")
		time.Sleep(1100 * time.Millisecond)
		if got := len(boxed(t, box)); got != 1 {
			t.Errorf("%d sent", got)
		}
		cancel()
		if err := <-over; err != nil {
			t.Error(err)
		}
	})
}

// deaf is a mail server that never answers.
type deaf struct{ hung chan struct{} }

func (d deaf) Open(context.Context) (notify.Outlet, error) { return d, nil }
func (d deaf) Close() error                                { return nil }
func (d deaf) Send(context.Context, notify.Letter) error {
	<-d.hung
	return nil
}

func TestAServerThatHangsHoldsNobodyUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h, counts, server := newHouse(t), map[string]int{}, deaf{make(chan struct{})}
		defer close(server.hung)
		w := h.worker("a", server, counts)
		ctx, cancel := context.WithCancel(t.Context())
		over := make(chan error)
		go func() { over <- w.Run(ctx) }()
		h.book("r1")
		time.Sleep(5 * time.Second)
		cancel()
		began := time.Now()
		if err := <-over; err != nil || time.Since(began) > 10*time.Second {
			t.Errorf("ended after %v with %v", time.Since(began), err)
		}
		if counts[notify.Postponed] != 1 || h.mails["r1.confirmed.0"].Tries != 1 {
			t.Errorf("counted %v, %+v", counts, h.mails["r1.confirmed.0"])
		}
	})
}

func TestBoxTellsTheLogNoSecrets(t *testing.T) {
	var log bytes.Buffer
	silent := notify.NewBox(false, logTo(&log))
	kept := notify.NewBox(true, logTo(&log))
	for range 105 {
		for _, b := range []*notify.Box{silent, kept} {
			b.Send(t.Context(), notify.Letter{
				Kind: clinic.MailSoon, Of: "r1", To: "me@owner.example", Language: "ko", Link: "https://vet.example/r/tok", Words: notify.Words{Text: "tok"},
			})
		}
	}
	if len(boxed(t, silent)) != 0 || len(boxed(t, kept)) != 100 {
		t.Errorf("kept %d and %d", len(boxed(t, silent)), len(boxed(t, kept)))
	}
	if s := log.String(); strings.Contains(s, "owner.example") || strings.Contains(s, "tok") || !strings.Contains(s, "mail=soon reservation=r1") {
		t.Errorf("the log says %.300s", s)
	}
}

func TestTLS(t *testing.T) {
	certificate := httptest.NewUnstartedServer(nil)
	certificate.StartTLS()
	defer certificate.Close()
	config := &tls.Config{Certificates: certificate.TLS.Certificates}
	offering := newPost(t, func(s *smtp.Server) { s.TLSConfig = config })
	plain := newPost(t)
	for address, want := range map[string]string{
		"smtp://" + plain.address + "?tls=required":    "STARTTLS",    // not offered
		"smtp://" + offering.address + "?tls=required": "certificate", // offered, by nobody known
		"smtp://" + offering.address + "?tls=optional": "certificate",
		"smtps://" + plain.address:                     "tls",
		"smtp://x:wrong@" + plain.address:              "535",
	} {
		if _, err := smtpTo(t, address).Open(t.Context()); err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "wrong") {
			t.Errorf("%s: %v, want %s", address, err, want)
		}
	}
	for _, address := range []string{"smtp://" + offering.address, "smtp://" + plain.address + "?tls=optional"} {
		out, err := smtpTo(t, address).Open(t.Context())
		if err != nil {
			t.Errorf("%s: %v", address, err)
			continue
		}
		out.Close()
	}
}

func TestSMTPURLs(t *testing.T) {
	for _, bad := range []string{
		"", "http://x", "smtp://", "smtp://x:99999", "smtp://x?tls=maybe", "smtp://x?from=nobody", "smtp://x?verify=no", "smtp://u:s3cret@x y",
	} {
		if _, err := notify.NewSMTP(bad, site); err == nil || strings.Contains(err.Error(), "s3cret") {
			t.Errorf("%q: %v", bad, err)
		}
	}
	for _, good := range []string{"smtp://localhost", "smtps://u:p@mail.example", "smtp://[::1]:2525?from=a@b.example"} {
		if _, err := notify.NewSMTP(good, &url.URL{Scheme: "http", Host: "127.0.0.1:8080"}); err != nil {
			t.Errorf("%q: %v", good, err)
		}
	}
}
