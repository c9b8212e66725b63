package main

import (
	"encoding/json"
	"fmt"

	"vetroom/clinic"
)

type vetListCmd struct {
	JSON bool `help:"Print a JSON array."`
}

// listPage is how many vets one question to the store gives.
const listPage = 100

// Run prints all vets.
func (c vetListCmd) Run(a *app) error {
	return a.atDesk(func(d *desk) error {
		cards, err := d.allVets(a)
		if err != nil {
			return fmt.Errorf("list the vets: %w", err)
		}
		if c.JSON {
			return printVetsJSON(a, cards)
		}
		return printVets(a, cards)
	})
}

func (d *desk) allVets(a *app) ([]clinic.Card, error) {
	var all []clinic.Card
	for q := (clinic.VetQuery{Limit: listPage}); ; {
		cards, next, err := d.Vets(a.ctx, q)
		if err != nil {
			return nil, err
		}
		all = append(all, cards...)
		if q.Cursor = next; next == "" {
			return all, nil
		}
	}
}

func printVets(a *app, cards []clinic.Card) error {
	if len(cards) == 0 {
		return a.say("no vets yet; \"vetroom vet add\" registers one")
	}
	rows := [][]string{{"LOGIN", "NAME", "PLACE", "ONLINE", "NEXT FREE", "HOURS", "PERMITS"}}
	for _, card := range cards {
		rows = append(rows, []string{
			card.Login, card.Name, card.Location, onlineText(card.Online), nextFreeText(card),
			hoursText(card.Hours.Weekly), permitsText(card.Permits),
		})
	}
	return printTable(a.stdout, rows)
}

func onlineText(online bool) string {
	if online {
		return "online"
	}
	return "offline"
}

// nextFreeText is in the vet's own time.
func nextFreeText(card clinic.Card) string {
	if card.NextFree.IsZero() {
		return ""
	}
	return card.NextFree.In(card.Zone).Format(vetTime)
}

// vetTime is how a time is printed in a vet's zone, which it names.
const vetTime = "2006-01-02 15:04 MST"

// vetJSON is a vet as "vet list --json" prints one.
type vetJSON struct {
	ID        string          `json:"id"`
	Login     string          `json:"login"`
	Name      string          `json:"name"`
	Location  string          `json:"location"`
	LicenceNo string          `json:"licence_no"`
	TimeZone  string          `json:"time_zone"`
	Online    bool            `json:"online"`
	NextFree  *string         `json:"next_free"` // null where nothing is free
	Hours     clinic.Hours    `json:"hours"`
	Permits   []clinic.Permit `json:"permits"`
}

func printVetsJSON(a *app, cards []clinic.Card) error {
	vets := make([]vetJSON, len(cards))
	for i, c := range cards {
		vets[i] = vetJSON{
			ID: c.ID, Login: c.Login, Name: c.Name, Location: c.Location, LicenceNo: c.LicenceNo, TimeZone: c.Zone.String(),
			Online: c.Online, Hours: c.Hours, Permits: append([]clinic.Permit{}, c.Permits...),
		}
		if !c.NextFree.IsZero() {
			at := formatTime(c.NextFree)
			vets[i].NextFree = &at
		}
	}
	out := json.NewEncoder(a.stdout)
	out.SetEscapeHTML(false)
	out.SetIndent("", "  ")
	return out.Encode(vets)
}
