package echo_test

import (
	"context"
	"net"
	"strings"
	"testing"

	"github.com/pion/ice/v4"

	"vetroom/signaling/echo"
)

// TestAClientThatStalls takes the path and then says nothing: the handshake that waits for it ends with its echo.
func TestAClientThatStalls(t *testing.T) {
	for _, setup := range []string{"actpass", "active", "passive"} {
		t.Run(setup, func(t *testing.T) {
			s := running(t, echo.Config{})
			c := newClient(t, vp8, opus)
			c.offer = strings.ReplaceAll(c.offer, "a=setup:actpass", "a=setup:"+setup)
			ctx, leave := context.WithCancel(t.Context())
			answer, err := s.Answer(ctx, "a", c.offer)
			if err != nil {
				t.Fatal(err)
			}
			take(t, c.offer, answer)
			leave()
			idle(t, s)
		})
	}
}

// take connects to the answer's candidate as far as ICE goes.
func take(t *testing.T, offer, answer string) {
	t.Helper()
	agent, err := ice.NewAgentWithOptions(ice.WithLocalCredentials(value(t, offer, "a=ice-ufrag:"), value(t, offer, "a=ice-pwd:")),
		ice.WithNetworkTypes([]ice.NetworkType{ice.NetworkTypeUDP4}), ice.WithIncludeLoopback(), ice.WithMulticastDNSMode(ice.MulticastDNSModeDisabled),
		ice.WithIPFilter(func(ip net.IP) bool { return ip.IsLoopback() }))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { agent.Close() })
	if err := agent.OnCandidate(func(ice.Candidate) {}); err != nil {
		t.Fatal(err)
	}
	if err := agent.GatherCandidates(); err != nil {
		t.Fatal(err)
	}
	candidate, err := ice.UnmarshalCandidate(value(t, answer, "a=candidate:"))
	if err != nil {
		t.Fatal(err)
	}
	if err := agent.AddRemoteCandidate(candidate); err != nil {
		t.Fatal(err)
	}
	if _, err := agent.Dial(t.Context(), value(t, answer, "a=ice-ufrag:"), value(t, answer, "a=ice-pwd:")); err != nil {
		t.Fatal(err)
	}
}

func value(t *testing.T, sdp, key string) string {
	t.Helper()
	_, after, ok := strings.Cut(sdp, key)
	if !ok {
		t.Fatalf("no %s in\n%s", key, sdp)
	}
	line, _, _ := strings.Cut(after, "\r\n")
	return line
}
