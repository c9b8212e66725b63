package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"time"

	"vetroom/handlers"
)

// web is a client of the product's HTTP side, which keeps its connections.
type web struct {
	base     string
	http     *http.Client
	sessions *handlers.Sessions
}

func newWeb(base string) (*web, error) {
	sessions, err := newSessions()
	return &web{
		base: base, sessions: sessions,
		http: &http.Client{
			Timeout:       30 * time.Second,
			Transport:     &http.Transport{MaxIdleConnsPerHost: 1000, DisableCompression: true},
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
	}, err
}

// vetCookie signs a vet in.
func (w *web) vetCookie(vet string) (string, error) {
	cookie, _, err := w.sessions.Mint(vet, time.Now())
	if err != nil {
		return "", err
	}
	return cookie.Name + "=" + cookie.Value, nil
}

// call sends a request and gives the status and the whole answer.
func (w *web) call(ctx context.Context, method, path, cookie string, body []byte) (int, []byte, error) {
	req, err := http.NewRequestWithContext(ctx, method, w.base+path, bytes.NewReader(body))
	if err != nil {
		return 0, nil, err
	}
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	if cookie != "" {
		req.Header.Set("Cookie", cookie)
	}
	res, err := w.http.Do(req)
	if err != nil {
		return 0, nil, err
	}
	defer res.Body.Close()
	answer, err := io.ReadAll(res.Body)
	return res.StatusCode, answer, err
}

// followUpBody is what a vet sends to book; it says what aRequest does.
func followUpBody(start time.Time) ([]byte, error) {
	q := aRequest()
	return json.Marshal(map[string]any{
		"start": start.UTC().Format(wire), "minutes": visitMinutes, "symptoms": q.Symptoms,
		"owner": map[string]any{"name": q.Owner.Name, "phone": q.Owner.Phone, "email": q.Owner.Email, "locale": q.Owner.Locale},
		"pet":   map[string]any{"name": q.Pet.Name, "breed": q.Pet.Breed, "birth_year": q.Pet.BirthYear, "weight_kg": q.Pet.WeightKg},
		"visit": map[string]any{"area": q.Purpose.Area, "prior_visit_on": q.Purpose.PriorVisitOn.String()},
	})
}

// book has a vet book a visit, and gives the status.
func (w *web) book(ctx context.Context, cookie string, start time.Time) (int, []byte, error) {
	body, err := followUpBody(start)
	if err != nil {
		return 0, nil, err
	}
	return w.call(ctx, "POST", "/api/v1/vet/reservations", cookie, body)
}

// overHTTP books as the vets do: their calls have no brakes.
func (w *web) overHTTP(cookies map[string]string) booker {
	return func(ctx context.Context, _ int, vet string, start time.Time) error {
		status, answer, err := w.book(ctx, cookies[vet], start)
		if err == nil && status != http.StatusCreated {
			err = fmt.Errorf("a booking was answered %d: %s", status, answer)
		}
		return err
	}
}

// http measures bookings through the whole product, which publishes them at the same time.
func (c *bookCmd) http(l *lab, out *report, kind string) error {
	product, s, _, err := l.newRival(kind, c.most())
	if err != nil {
		return err
	}
	if err := s.Close(); err != nil {
		return err
	}
	p, err := l.startProduct(product.db, nil)
	if err != nil {
		return err
	}
	defer p.stop()
	web, err := newWeb(p.url)
	if err != nil {
		return err
	}
	cookies := map[string]string{}
	for _, vets := range product.calendar.clients {
		for _, vet := range vets {
			if cookies[vet], err = web.vetCookie(vet); err != nil {
				return err
			}
		}
	}
	product.book = web.overHTTP(cookies)
	for _, n := range c.Clients {
		if err := c.compare(l, out, fmt.Sprintf("%s, %d over HTTP", kind, n), n, product, nil); err != nil {
			return err
		}
	}
	return nil
}
