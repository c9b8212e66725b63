package handlers

import (
	"context"
	"strings"
	"testing"

	"vetroom/clinic"
)

// pictures are those that a test keeps; "away" stands for a store that is.
type pictures map[string]string

func (p pictures) Picture(_ context.Context, name string) ([]byte, error) {
	if name == "away" {
		return nil, errAway
	}
	body, ok := p[name]
	if !ok {
		return nil, clinic.ErrNotFound
	}
	return []byte(body), nil
}

func TestPicture(t *testing.T) {
	site := newSite(t, func(c *Config) { c.Pictures = pictures{"one.jpg": "a picture"} })
	got := site.browser().get("/img/one.jpg").ok(200)
	if string(got.body) != "a picture" || got.Header.Get("Content-Type") != "image/jpeg" {
		t.Errorf("answered %q as %s", got.body, got.Header.Get("Content-Type"))
	}
	if !strings.Contains(got.Header.Get("Cache-Control"), "immutable") || len(got.Header.Values("Set-Cookie")) > 0 {
		t.Errorf("what anybody may keep has the headers %v", got.Header)
	}
	site.browser().get("/img/two.jpg").ok(404)
	site.browser().get("/img/away").ok(503)
	site.browser().get("/img/").ok(404)
	site.browser().do("POST", "/img/one.jpg", "", nil).ok(405)
}

func TestPictureWithoutPictures(t *testing.T) {
	newSite(t).browser().get("/img/one.jpg").ok(404)
}
