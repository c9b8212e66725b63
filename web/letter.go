package web

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"time"
)

// Letter is a mail to an owner.
type Letter struct {
	Kind   string // confirmed, moved, cancelled, day_before or soon
	Number string
	Vet    string
	Pet    string
	Start  time.Time
	Zone   *time.Location // the vet's
	Link   string         // lets whoever has it see the reservation
}

// Written is a letter in words.
type Written struct{ Subject, Text, HTML string }

// letterView is what the template of a letter shows.
type letterView struct {
	Lang, Subject, Lead, Button, Link, Secret, Foot string
	Check, CheckLink                                string      // of a reminder: to the check before the call
	Lines                                           [][2]string // name and value
}

// Write writes a letter in a language (one of Languages; anything else is Korean).
func (w *Web) Write(lang string, l Letter) (Written, error) {
	var written Written
	err := catch(func() error {
		v := w.printer(lang).viewOfLetter(l)
		var html bytes.Buffer
		err := v.draw().Render(context.Background(), &html)
		written = Written{v.Subject, v.text(), html.String()}
		return err
	})
	if err != nil {
		return Written{}, fmt.Errorf("write a mail: %w", err)
	}
	return written, nil
}

func (p *printer) viewOfLetter(l Letter) letterView {
	at := in(l.Start, l.Zone)
	vet := strings.Join(strings.Fields(l.Vet), " ") // a subject is one line
	day := p.t("time.when", "day", p.date("time.date", at), "time", p.clock(at))
	full := p.t("time.when", "day", p.date("time.date_year", at), "time", p.clock(at))
	button := p.t("mail.button")
	if l.Kind == "soon" {
		button = p.t("mail.button_soon")
	}
	v := letterView{
		Lang: p.lang, Subject: p.t("mail.subject_"+l.Kind, "vet", vet, "when", day), Lead: p.t("mail.lead_" + l.Kind),
		Button: button, Link: l.Link, Secret: p.t("mail.secret"), Foot: p.t("mail.foot"),
		Lines: [][2]string{
			{p.t("mail.time"), full + ", " + p.zone(at)}, {p.t("mail.vet"), vet},
			{p.t("mail.pet"), strings.Join(strings.Fields(l.Pet), " ")}, {p.t("mail.number"), l.Number},
		},
	}
	if l.Kind == "day_before" || l.Kind == "soon" {
		v.Check, v.CheckLink = p.t("mail.check"), toCheck(l.Link)
	}
	return v
}

// toCheck has a link lead to the check before the call, in place of the reservation's page.
func toCheck(link string) string {
	if strings.Contains(link, "?") {
		return link + "&to=check"
	}
	return link + "?to=check"
}

// text is the letter without a form.
func (v letterView) text() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n\n", v.Lead)
	for _, line := range v.Lines {
		fmt.Fprintf(&b, "%s: %s\n", line[0], line[1])
	}
	fmt.Fprintf(&b, "\n%s:\n%s\n\n", v.Button, v.Link)
	if v.Check != "" {
		fmt.Fprintf(&b, "%s:\n%s\n\n", v.Check, v.CheckLink)
	}
	fmt.Fprintf(&b, "%s\n%s\n", v.Secret, v.Foot)
	return b.String()
}

// CalendarWords are what an owner's calendar shows of a visit. page is how to come back.
func (w *Web) CalendarWords(lang, vet, number, page string) (summary, description string) {
	words := w.say(lang)
	return words.must("mail.calendar", "vet", vet), words.must("mail.calendar_words", "number", number, "page", page)
}
