package web

import (
	"bytes"
	"fmt"
	"html/template"
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

// letterView is what templates/mail.tmpl shows.
type letterView struct {
	Lang, Subject, Lead, Button, Link, Secret, Foot string
	Lines                                           [][2]string // name and value
}

// Write writes a letter in a language (one of Languages; anything else is Korean).
func (w *Web) Write(lang string, l Letter) (Written, error) {
	words, ok := w.words[lang]
	if !ok {
		lang, words = Languages[0], w.words[Languages[0]]
	}
	v := viewOfLetter(lang, words, l)
	var html bytes.Buffer
	if err := w.letter.Execute(&html, v); err != nil {
		return Written{}, fmt.Errorf("write a mail: %w", err)
	}
	return Written{v.Subject, v.text(), html.String()}, nil
}

func viewOfLetter(lang string, words texts, l Letter) letterView {
	say, at := times{words}, in(l.Start, l.Zone)
	vet := strings.Join(strings.Fields(l.Vet), " ") // a subject is one line
	day := say.must("time.when", "day", say.date("time.date", at), "time", say.clock(at))
	full := say.must("time.when", "day", say.date("time.date_year", at), "time", say.clock(at))
	button := say.must("mail.button")
	if l.Kind == "soon" {
		button = say.must("mail.button_soon")
	}
	return letterView{
		Lang: lang, Subject: say.must("mail.subject_"+l.Kind, "vet", vet, "when", day), Lead: say.must("mail.lead_" + l.Kind),
		Button: button, Link: l.Link, Secret: say.must("mail.secret"), Foot: say.must("mail.foot"),
		Lines: [][2]string{
			{say.must("mail.time"), full + ", " + say.zone(at)}, {say.must("mail.vet"), vet},
			{say.must("mail.pet"), strings.Join(strings.Fields(l.Pet), " ")}, {say.must("mail.number"), l.Number},
		},
	}
}

// text is the letter without a form.
func (v letterView) text() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n\n", v.Lead)
	for _, line := range v.Lines {
		fmt.Fprintf(&b, "%s: %s\n", line[0], line[1])
	}
	fmt.Fprintf(&b, "\n%s:\n%s\n\n%s\n%s\n", v.Button, v.Link, v.Secret, v.Foot)
	return b.String()
}

// CalendarWords are what an owner's calendar shows of a visit. page is how to come back.
func (w *Web) CalendarWords(lang, vet, number, page string) (summary, description string) {
	words, ok := w.words[lang]
	if !ok {
		words = w.words[Languages[0]]
	}
	return words.must("mail.calendar", "vet", vet), words.must("mail.calendar_words", "number", number, "page", page)
}

func parseLetter() (*template.Template, error) {
	return template.ParseFS(templateFiles, "templates/mail.tmpl")
}
