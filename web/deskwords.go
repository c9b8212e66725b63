package web

import (
	"strings"
	"time"
)

// priorVisit says the day of the first visit in person.
func (p *printer) priorVisit(r Reservation, now time.Time) string {
	at, err := time.ParseInLocation(time.DateOnly, r.PriorVisitOn, in(now, r.Zone).Location())
	if err != nil {
		return r.PriorVisitOn
	}
	return p.day(at, now)
}

// petInWords is breed, age and weight in a row, after the name.
func (p *printer) petInWords(pet Pet, now time.Time) string {
	age, weight := "", ""
	if years, known := pet.Age(now); known {
		age = p.t("desk.age", "n", max(0, years))
	}
	if kilos := pet.Kilos(); kilos != "" {
		weight = p.t("desk.weight", "n", kilos)
	}
	return dots(pet.Name, pet.Breed, age, weight)
}

// findingsInWords is what was seen in a photo, and what the vet said to it, in one line.
func (p *printer) findingsInWords(s *SeenPhoto) string {
	var said []string
	for _, f := range s.Findings[:min(3, len(s.Findings))] {
		said = append(said, p.t("photo.line", "finding", p.t("finding."+f.Code), "n", f.Percent()))
	}
	words := strings.Join(said, ", ")
	if s.Review != nil {
		words = dots(words, p.reviewInWords(s.Review))
	}
	return words
}

func (p *printer) reviewInWords(r *PhotoReview) string {
	switch {
	case r.Agrees:
		return p.t("photo.agreed")
	case r.Finding != "":
		return p.t("photo.disagreed_with", "finding", p.t("finding."+r.Finding))
	}
	return p.t("photo.disagreed")
}

// partInWords names what a photo shows.
func (p *printer) partInWords(s *SeenPhoto) string {
	if s.BodyPart != "" {
		return p.bodyPart(s.BodyPart)
	}
	return p.t("area.skin")
}

// onPaper says day and time with nothing that is true only today.
func (p *printer) onPaper(at time.Time) string {
	return p.t("time.when", "day", p.date("time.date_year", at), "time", p.clock(at))
}
