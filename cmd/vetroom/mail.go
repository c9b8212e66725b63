package main

import (
	"fmt"
	"net/url"

	"github.com/prometheus/client_golang/prometheus"

	"vetroom/clinic"
	"vetroom/configs"
	"vetroom/notify"
	"vetroom/notify/calendar"
	"vetroom/web"
)

// openMail makes what sends mails: to the configured server, or into a box that a demo lets one look into.
func (h *house) openMail(a *app) error {
	if !h.cfg.Has(configs.Worker) {
		return nil
	}
	base, err := url.Parse(h.baseURL)
	if err != nil {
		return fmt.Errorf("read the public URL: %w", err)
	}
	box := notify.NewBox(a.demo, h.log.With("part", "mail"))
	var sender notify.Sender = box
	if h.cfg.SMTPURL != "" {
		if sender, err = notify.NewSMTP(h.cfg.SMTPURL.Reveal(), base); err != nil {
			return usageError{err}
		}
	} else if a.demo {
		h.mailbox = box
	}
	counted := prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "vetroom_mails_total", Help: "Tries to send a mail, by what became of it.",
	}, []string{"outcome"})
	h.metrics.registry.MustRegister(counted)
	worker := notify.New(notify.Config{
		Queue: h.store, Visits: h.store, Writer: letterWriter{h.web, base}, Sender: sender, Clock: h.store, BaseURL: base,
		LinkKey: deriveKey(h.key, "mail links"), Claim: h.node, Log: h.log.With("part", "mail"),
		Count: func(outcome string) { counted.WithLabelValues(outcome).Inc() },
	})
	h.runs = append(h.runs, worker.Run)
	return nil
}

// letterWriter puts letters into words by the site's texts.
type letterWriter struct {
	web  *web.Web
	base *url.URL
}

// Write implements notify.Writer.
func (w letterWriter) Write(v *clinic.View, kind clinic.MailKind, link string) (notify.Words, error) {
	r := &v.Reservation
	written, err := w.web.Write(r.Owner.Locale, web.Letter{
		Kind: string(kind), Number: r.Number, Vet: v.Vet.Name, Pet: r.Pet.Name, Start: r.Start, Zone: v.Vet.Zone, Link: link,
	})
	summary, description := w.web.CalendarWords(r.Owner.Locale, v.Vet.Name, r.Number, calendar.Page(w.base, r.ID))
	return notify.Words{
		Subject: written.Subject, Text: written.Text, HTML: written.HTML,
		Calendar: calendar.Words{Summary: summary, Description: description},
	}, err
}
