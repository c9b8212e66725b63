package main

import (
	"io"
	"net"
	"net/mail"
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-smtp"
)

// inbox is a mail server that takes everything.
type inbox struct{ mails chan string }

func (b inbox) NewSession(*smtp.Conn) (smtp.Session, error) { return b, nil }
func (b inbox) Reset()                                      {}
func (b inbox) Logout() error                               { return nil }
func (b inbox) Mail(string, *smtp.MailOptions) error        { return nil }
func (b inbox) Rcpt(string, *smtp.RcptOptions) error        { return nil }

func (b inbox) Data(r io.Reader) error {
	body, err := io.ReadAll(r)
	b.mails <- string(body)
	return err
}

func TestMailsGoToTheConfiguredServer(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	box := inbox{make(chan string, 10)}
	server := smtp.NewServer(box)
	go server.Serve(listener)
	t.Cleanup(func() { server.Close() })

	dir := t.TempDir()
	settings := []string{"VETROOM_SMTP_URL=smtp://" + listener.Addr().String()}
	p := serve(t, dir, settings, "--demo")
	vet := addVet(t, p, dir, settings, "kim")
	vet.want(404, "GET", "/dev/mail", nil)
	r := vet.want(201, "POST", "/api/v1/vet/reservations", object{
		"start": time.Now().Add(time.Hour).UTC().Format(wireTime), "minutes": 20, "pet": object{"name": "초코"}, "visit": object{"area": "skin"},
		"owner": object{"name": "보호자", "phone": "010-1234-5678", "email": "me@owner.example", "locale": "en"},
	})
	vet.want(200, "POST", "/api/v1/vet/reservations/"+r.at("id")+"/cancel", object{})
	came := map[string]bool{}
	for !came["cancelled.1"] { // the confirmation goes before it, or is no longer so
		select {
		case raw := <-box.mails:
			m, err := mail.ReadMessage(strings.NewReader(raw))
			if err != nil {
				t.Fatal(err)
			}
			what := strings.TrimPrefix(m.Header.Get("Message-Id"), "<"+r.at("id")+".")
			what, _, _ = strings.Cut(what, "@")
			if came[what] || m.Header.Get("To") != "<me@owner.example>" || m.Header.Get("Content-Language") != "en" {
				t.Errorf("came %v, and then %v", came, m.Header)
			}
			came[what] = true
		case <-time.After(20 * time.Second):
			t.Fatalf("came only %v", came)
		}
	}
}
