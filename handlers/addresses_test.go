package handlers

import (
	"net/http/httptest"
	"net/netip"
	"testing"
)

func TestClientAddress(t *testing.T) {
	trusted := []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("fd00::/8")}
	for _, test := range []struct {
		remote    string
		forwarded []string
		want      string
	}{
		{"192.0.2.1:80", nil, "192.0.2.1"},
		{"192.0.2.1:80", []string{"198.51.100.1"}, "192.0.2.1"}, // nobody's proxy
		{"10.0.0.1:80", []string{"198.51.100.1"}, "198.51.100.1"},
		{"10.0.0.1:80", []string{"203.0.113.9, 198.51.100.1"}, "198.51.100.1"}, // the left one can be made up
		{"10.0.0.1:80", []string{"203.0.113.9, 198.51.100.1, 10.0.0.2"}, "198.51.100.1"},
		{"10.0.0.1:80", []string{"203.0.113.9", "198.51.100.1 ,10.0.0.2"}, "198.51.100.1"}, // two headers
		{"10.0.0.1:80", []string{"10.0.0.3, 10.0.0.2"}, "10.0.0.3"},
		{"10.0.0.1:80", []string{"unknown"}, "10.0.0.1"},
		{"10.0.0.1:80", []string{"198.51.100.1, nonsense, 10.0.0.2"}, "10.0.0.2"},
		{"10.0.0.1:80", []string{""}, "10.0.0.1"},
		{"[fd00::1]:80", []string{"[2001:db8::1]:443"}, "2001:db8::1"},
		{"[::ffff:10.0.0.1]:80", []string{"198.51.100.1:5"}, "198.51.100.1"},
		{"@", []string{"198.51.100.1"}, "invalid IP"},
	} {
		r := httptest.NewRequest("GET", "/", nil)
		r.RemoteAddr = test.remote
		for _, f := range test.forwarded {
			r.Header.Add("X-Forwarded-For", f)
		}
		if got := clientAddress(r, trusted).String(); got != test.want {
			t.Errorf("%s for %q is %s, want %s", test.remote, test.forwarded, got, test.want)
		}
	}
}

func TestBrakesCountForwardedAddresses(t *testing.T) {
	s := newSite(t)
	b := s.browser()
	ask := func() answer {
		return b.post("/api/v1/reservations/lookup", obj{"number": "AAAA-AAAA", "phone": "1"})
	}
	b.from = "192.0.2.7:1"
	for range 5 {
		ask().refused(404, "not_found")
	}
	b.headers["X-Forwarded-For"] = "198.51.100.1" // not believed
	ask().braked("rate_limited")
}

func TestMetricsAccess(t *testing.T) {
	s := newSite(t)
	for _, test := range []struct {
		from, forwarded, token string
		status                 int
	}{
		{"127.0.0.1:1", "", "", 200},
		{"[::1]:1", "", "", 200},
		{"192.0.2.1:1", "", "", 403},
		{"192.0.2.1:1", "", "Bearer wrong", 403},
		{"192.0.2.1:1", "", "Bearer ops-secret", 200},
		{"192.0.2.1:1", "127.0.0.1", "", 403},
		{"127.0.0.1:1", "192.0.2.1", "", 403}, // by a proxy on this machine
		{"10.0.0.1:1", "127.0.0.1", "", 200},  // a trusted one says so
		{"10.0.0.1:1", "192.0.2.1", "", 403},
	} {
		b := s.browser()
		b.from = test.from
		for name, value := range map[string]string{"X-Forwarded-For": test.forwarded, "Authorization": test.token} {
			if value != "" {
				b.headers[name] = value
			}
		}
		if a := b.get("/metrics"); a.StatusCode != test.status {
			t.Errorf("%+v: status %d", test, a.StatusCode)
		}
	}
	none := newSite(t, func(c *Config) { c.OpsToken = "" }).browser()
	none.headers["Authorization"] = "Bearer "
	none.get("/metrics").refused(403, "forbidden")
	newSite(t, func(c *Config) { c.Metrics = nil }).browser().get("/metrics").refused(404, "not_found")
}
