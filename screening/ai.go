package screening

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"net/textproto"
	"net/url"
	"sync/atomic"
	"time"

	"github.com/sony/gobreaker/v2"
)

// AIConfig says where the AI server is and how patient one is with it. Zero means the default.
type AIConfig struct {
	URL     string
	Timeout time.Duration   // of one try; 30 s (contract §2)
	Pauses  []time.Duration // before the second try and those after it; 0.5 s and 2 s, so three tries in all
	// TripAfter is how many photos in a row must fail for the server to be left alone, RestFor for how long; 3, and 10 s.
	TripAfter uint32
	RestFor   time.Duration
}

func (c AIConfig) withDefaults() AIConfig {
	if c.Timeout == 0 {
		c.Timeout = 30 * time.Second
	}
	if c.Pauses == nil {
		c.Pauses = []time.Duration{500 * time.Millisecond, 2 * time.Second}
	}
	if c.TripAfter == 0 {
		c.TripAfter = 3
	}
	if c.RestFor == 0 {
		c.RestFor = 10 * time.Second
	}
	return c
}

// AI asks the AI server of contract §2. What is worth it is tried again: an answer of 5xx, none in time, a connection
// that was refused or broke. After some photos in a row with which none of that helped, the breaker opens and the
// server is left alone for a moment; then one photo tries it out.
type AI struct {
	cfg     AIConfig
	client  *http.Client
	breaker *gobreaker.CircuitBreaker[Result]
	stats   struct{ ok, failed, timedOut, unreachable, refused, invalid atomic.Int64 }
}

// AIStats counts tries by how they ended.
type AIStats struct{ OK, Failed, TimedOut, Unreachable, Refused, Invalid int64 }

// NewAI makes a client.
func NewAI(cfg AIConfig) *AI {
	a := &AI{cfg: cfg.withDefaults()}
	a.client = &http.Client{
		Transport: &http.Transport{Proxy: http.ProxyFromEnvironment, MaxIdleConnsPerHost: 4, IdleConnTimeout: 30 * time.Second},
		// A photo is sent to the configured server and to no other.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	a.breaker = gobreaker.NewCircuitBreaker[Result](gobreaker.Settings{
		Name: "AI server", MaxRequests: 1, Timeout: a.cfg.RestFor,
		ReadyToTrip:  func(c gobreaker.Counts) bool { return c.ConsecutiveFailures >= a.cfg.TripAfter },
		IsSuccessful: func(err error) bool { return !errors.Is(err, ErrUnavailable) },
		IsExcluded:   func(err error) bool { return errors.Is(err, context.Canceled) },
	})
	return a
}

// Stats gives the counts.
func (a *AI) Stats() AIStats {
	s := &a.stats
	return AIStats{s.ok.Load(), s.failed.Load(), s.timedOut.Load(), s.unreachable.Load(), s.refused.Load(), s.invalid.Load()}
}

// Breaker is "closed", "half-open" or "open".
func (a *AI) Breaker() string { return a.breaker.State().String() }

// Look implements Looker.
func (a *AI) Look(ctx context.Context, jpeg []byte, bodyPart string) (Result, error) {
	r, err := a.breaker.Execute(func() (Result, error) { return a.persist(ctx, jpeg, bodyPart) })
	if errors.Is(err, gobreaker.ErrOpenState) || errors.Is(err, gobreaker.ErrTooManyRequests) {
		return Result{}, ErrOpen
	}
	return r, err
}

// persist tries until it helps, or does not help any more.
func (a *AI) persist(ctx context.Context, jpeg []byte, bodyPart string) (Result, error) {
	for n := 0; ; n++ {
		r, err := a.try(ctx, jpeg, bodyPart)
		if err == nil || n == len(a.cfg.Pauses) || !errors.Is(err, ErrUnavailable) {
			return r, err
		}
		if err := rest(ctx, a.cfg.Pauses[n]); err != nil {
			return Result{}, err
		}
	}
}

func rest(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// try asks once.
func (a *AI) try(ctx context.Context, jpeg []byte, bodyPart string) (Result, error) {
	body, media, err := form(jpeg, bodyPart)
	if err != nil {
		return Result{}, err
	}
	limited, cancel := context.WithTimeout(ctx, a.cfg.Timeout)
	defer cancel()
	req, err := http.NewRequestWithContext(limited, http.MethodPost, a.cfg.URL, bytes.NewReader(body))
	if err != nil {
		return Result{}, fmt.Errorf("%w: its URL is none", ErrUnavailable)
	}
	req.Header.Set("Content-Type", media)
	req.Header.Set("Accept", "application/json")
	res, err := a.client.Do(req)
	if err != nil {
		return Result{}, a.broken(ctx, limited, err)
	}
	defer res.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(res.Body, maxAnswer+1))
	if err != nil {
		return Result{}, a.broken(ctx, limited, err)
	}
	return a.judge(res.StatusCode, answer)
}

// broken tells a try that ended without an answer. The URL, which errors of net/http name, may hold a secret.
func (a *AI) broken(ctx, limited context.Context, err error) error {
	var named *url.Error
	if errors.As(err, &named) {
		err = named.Err
	}
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case limited.Err() != nil:
		a.stats.timedOut.Add(1)
		return fmt.Errorf("%w: no answer within %v", ErrUnavailable, a.cfg.Timeout)
	}
	a.stats.unreachable.Add(1)
	return fmt.Errorf("%w: %w", ErrUnavailable, err)
}

func (a *AI) judge(status int, answer []byte) (Result, error) {
	switch {
	case status >= 500:
		a.stats.failed.Add(1)
		return Result{}, fmt.Errorf("%w: status %d", ErrUnavailable, status)
	case status != http.StatusOK:
		a.stats.refused.Add(1)
		return Result{}, fmt.Errorf("%w: status %d", ErrRefused, status)
	}
	r, err := parseResult(answer)
	if err != nil {
		a.stats.invalid.Add(1)
		return Result{}, err
	}
	a.stats.ok.Add(1)
	return r, nil
}

// form makes the multipart body.
func form(jpeg []byte, bodyPart string) (body []byte, media string, err error) {
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	head := textproto.MIMEHeader{
		"Content-Disposition": {`form-data; name="photo"; filename="photo.jpg"`}, "Content-Type": {"image/jpeg"},
	}
	part, err := w.CreatePart(head)
	if err == nil {
		_, err = part.Write(jpeg)
	}
	if err = errors.Join(err, w.WriteField("body_part", bodyPart), w.Close()); err != nil {
		return nil, "", fmt.Errorf("make the form: %w", err)
	}
	return b.Bytes(), w.FormDataContentType(), nil
}
