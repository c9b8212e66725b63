package notify

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	netmail "net/mail"
	"net/url"
	"strconv"

	"github.com/wneessen/go-mail"
)

// SMTP hands letters to a mail server.
type SMTP struct {
	host    string
	options []mail.Option
	from    *netmail.Address
	domain  string // behind the @ of Message-IDs
}

// NewSMTP reads a server's URL:
//
//	smtp://user:password@host:587   STARTTLS, which a server that asks for a password must offer
//	smtp://host:25                  STARTTLS where it is offered; on this machine none
//	smtps://user:password@host:465  TLS from the first byte
//
// with the parameters from=Name <address>, by default no-reply@ the site's host, and tls=required, optional or off.
func NewSMTP(address string, site *url.URL) (*SMTP, error) {
	u, err := url.Parse(address)
	if err != nil || u.Hostname() == "" || u.Scheme != "smtp" && u.Scheme != "smtps" {
		return nil, errors.New("the SMTP URL must be like smtp://user:password@host:587") // and not repeated: it holds a secret
	}
	s := &SMTP{host: u.Hostname(), domain: domainOf(site)}
	if err := s.readQuery(u); err != nil {
		return nil, err
	}
	if s.domain != "localhost" {
		s.options = append(s.options, mail.WithHELO(s.domain))
	}
	s.options = append(s.options, mail.WithTimeout(stepWait))
	if _, err := mail.NewClient(s.host, s.options...); err != nil {
		return nil, fmt.Errorf("read the SMTP URL: %w", err)
	}
	return s, nil
}

// domainOf is the site's host as a domain, which a bare address is none of.
func domainOf(site *url.URL) string {
	if host := site.Hostname(); net.ParseIP(host) == nil {
		return host
	}
	return "localhost"
}

func (s *SMTP) readQuery(u *url.URL) (err error) {
	from, tls := "no-reply@"+s.domain, ""
	for key, values := range u.Query() {
		switch key {
		case "from":
			from = values[0]
		case "tls":
			tls = values[0]
		default:
			return fmt.Errorf("the SMTP URL knows no parameter %q, only from and tls", key)
		}
	}
	if s.from, err = netmail.ParseAddress(from); err != nil {
		return errors.New("the SMTP URL's from must be an address like no-reply@vet.example")
	}
	return s.readSecurity(u, tls)
}

func (s *SMTP) readSecurity(u *url.URL, tls string) error {
	local := s.host == "localhost" || net.ParseIP(s.host).IsLoopback()
	port, secure := "25", u.Scheme == "smtps"
	if u.User != nil {
		port = "587"
	}
	switch {
	case secure:
		port = "465"
		s.options = append(s.options, mail.WithSSL())
	case tls == "required" || tls == "" && u.User != nil && !local:
		s.options = append(s.options, mail.WithTLSPolicy(mail.TLSMandatory))
		secure = true
	case tls == "off" || tls == "" && local:
		s.options = append(s.options, mail.WithTLSPolicy(mail.NoTLS))
	case tls == "optional" || tls == "":
		s.options = append(s.options, mail.WithTLSPolicy(mail.TLSOpportunistic))
	default:
		return errors.New("the SMTP URL's tls must be required, optional or off")
	}
	if u.Port() != "" {
		port = u.Port()
	}
	number, err := strconv.Atoi(port)
	if err != nil {
		return fmt.Errorf("the SMTP URL's port %q is none", port)
	}
	s.options = append(s.options, mail.WithPort(number))
	if password, given := u.User.Password(); u.User != nil && given {
		how := mail.SMTPAuthAutoDiscover
		if local && !secure {
			how = mail.SMTPAuthPlainNoEnc // it does not leave this machine
		}
		s.options = append(s.options, mail.WithSMTPAuth(how), mail.WithUsername(u.User.Username()), mail.WithPassword(password))
	}
	return nil
}

// Open implements Sender.
func (s *SMTP) Open(ctx context.Context) (Outlet, error) {
	client, err := mail.NewClient(s.host, s.options...)
	if err != nil {
		return nil, err
	}
	if err := client.DialWithContext(ctx); err != nil {
		return nil, fmt.Errorf("reach the mail server: %w", err)
	}
	return &smtpOutlet{s, client}, nil
}

type smtpOutlet struct {
	*SMTP
	client *mail.Client
}

// Close implements Outlet.
func (o *smtpOutlet) Close() error { return o.client.Close() }

// Send implements Outlet. Of a server's answer it tells the step and the code alone: its words repeat addresses.
func (o *smtpOutlet) Send(_ context.Context, l Letter) error {
	m, err := o.message(l)
	if err != nil {
		return &Refusal{} // no other try would make it an address
	}
	err = o.client.Send(m)
	var told *mail.SendError
	switch {
	case err == nil || m.IsDelivered(): // what failed after that was only the farewell
		return nil
	case !errors.As(err, &told):
		return errors.New("the mail server broke off")
	case told.ErrorCode()/100 == 5 && told.Reason != mail.ErrSMTPMailFrom: // of the sender's address the operator can mend it
		return &Refusal{told.ErrorCode()}
	}
	return fmt.Errorf("the mail server did not take it: %s, code %d", told.Reason, told.ErrorCode())
}

func (s *SMTP) message(l Letter) (*mail.Msg, error) {
	m := mail.NewMsg(mail.WithNoDefaultUserAgent())
	m.FromMailAddress(s.from)
	if err := m.To(l.To); err != nil {
		return nil, err
	}
	m.Subject(l.Subject)
	m.SetDateWithValue(l.At)
	m.SetMessageIDWithValue(l.Key + "@" + s.domain)
	m.SetGenHeader("Auto-Submitted", "auto-generated") // RFC 3834: nobody's absence note shall answer
	m.SetGenHeader("Content-Language", l.Language)
	m.SetBodyString(mail.TypeTextPlain, l.Text)
	m.AddAlternativeString(mail.TypeTextHTML, l.HTML)
	file := []byte(l.File.Body)
	return m, m.AttachReader(l.File.Name, bytes.NewReader(file), mail.WithFileContentType(mail.ContentType(l.File.Type)))
}
