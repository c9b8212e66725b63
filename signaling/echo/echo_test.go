package echo_test

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"vetroom/signaling"
	"vetroom/signaling/echo"
)

// TestWhatComesGoesBack: pictures and sound, by VP8 or H.264, by whichever payload types the offer has.
func TestWhatComesGoesBack(t *testing.T) {
	s := running(t, echo.Config{})
	for name, kinds := range map[string][]kind{
		"vp8 and sound": {vp8, opus}, "h264 and sound": {h264, opus}, "sound alone": {opus}, "a picture alone": {vp8},
	} {
		t.Run(name, func(t *testing.T) {
			c := newClient(t, kinds...)
			answer := c.answered(t.Context(), s, "a")
			within(t, "connected", c.connected)
			within(t, "what was sent came back", c.came)
			if !strings.Contains(answer, "a=ice-lite") || strings.Contains(answer, "m=application") {
				t.Errorf("the answer is\n%s", answer)
			}
		})
	}
	idle(t, s)
	if n := s.Stats(); n.Begun != 4 || n.Busy != 0 || n.BadOffers != 0 {
		t.Errorf("counted %+v", n)
	}
}

// TestItStandsWhereRelaysStand: one port for all, within the relays', at the address that browsers are told.
func TestItStandsWhereRelaysStand(t *testing.T) {
	public := netip.MustParseAddr("198.51.100.7")
	s := running(t, echo.Config{Bind: netip.IPv4Unspecified(), Public: public})
	ports := map[string]bool{}
	for range 3 {
		answer, err := s.Answer(t.Context(), "a", newClient(t, vp8, opus).offer)
		if err != nil {
			t.Fatal(err)
		}
		candidates := regexp.MustCompile(`(?m)^a=candidate:\S+ [12] udp \d+ (\S+) (\d+) typ host `).FindAllStringSubmatch(answer, -1)
		if len(candidates) == 0 || strings.Count(answer, " typ ") != len(candidates) {
			t.Fatalf("the candidates are not the port alone:\n%s", answer)
		}
		for _, c := range candidates {
			if n, _ := strconv.Atoi(c[2]); c[1] != public.String() || n < 49152 {
				t.Errorf("a candidate is %v", c)
			}
			ports[c[2]] = true
		}
	}
	if len(ports) != 1 {
		t.Errorf("three echoes have the ports %v", ports)
	}
}

// TestAnEchoEnds: with its asker, when the client closes the connection, and when its time is up; the next begins anew.
func TestAnEchoEnds(t *testing.T) {
	t.Run("with its asker", func(t *testing.T) {
		s := running(t, echo.Config{})
		c := newClient(t, vp8, opus)
		ctx, leave := context.WithCancel(t.Context())
		c.answered(ctx, s, "a")
		within(t, "what was sent came back", c.came)
		leave()
		idle(t, s)
		within(t, "the client is told", c.gone)
	})
	t.Run("with its client", func(t *testing.T) {
		s := running(t, echo.Config{})
		c := newClient(t, vp8, opus)
		c.answered(t.Context(), s, "a")
		within(t, "what was sent came back", c.came)
		c.pc.Close()
		idle(t, s)
	})
	t.Run("in time", func(t *testing.T) {
		s := running(t, echo.Config{Limits: echo.Limits{Lasts: 300 * time.Millisecond}})
		newClient(t, vp8, opus).answered(t.Context(), s, "a")
		idle(t, s)
		if _, err := s.Answer(t.Context(), "a", newClient(t, opus).offer); err != nil {
			t.Error(err)
		}
	})
}

// TestThereAreOnlySoMany: for one address, and in all; who ended makes room.
func TestThereAreOnlySoMany(t *testing.T) {
	s := running(t, echo.Config{Limits: echo.Limits{Echoes: 3, PerAddress: 2}})
	offer := newClient(t, opus).offer
	ctx, leave := context.WithCancel(t.Context())
	begin := func(ctx context.Context, address string) error {
		_, err := s.Answer(ctx, address, offer)
		return err
	}
	for _, one := range []struct {
		ctx     context.Context
		address string
		want    error
	}{
		{ctx, "a", nil}, {ctx, "a", nil}, {ctx, "a", signaling.ErrEchoBusy}, {ctx, "b", nil}, {ctx, "c", signaling.ErrEchoBusy},
	} {
		if err := begin(one.ctx, one.address); !errors.Is(err, one.want) {
			t.Errorf("from %s: %v, want %v", one.address, err, one.want)
		}
	}
	leave()
	idle(t, s)
	if err := begin(t.Context(), "a"); err != nil {
		t.Error(err)
	}
	if n := s.Stats(); n.Begun != 4 || n.Busy != 2 {
		t.Errorf("counted %+v", n)
	}
}

// TestNothingStays: when many echoes, answered and refused, connected and abandoned, are over, none of their goroutines is left.
func TestNothingStays(t *testing.T) {
	s := running(t, echo.Config{Limits: echo.Limits{PerAddress: 100}})
	warm := newClient(t, vp8, opus)
	warm.answered(t.Context(), s, "a")
	within(t, "what was sent came back", warm.came)
	warm.pc.GracefulClose()
	idle(t, s)
	offer := newClient(t, vp8, opus).offer
	before := runtime.NumGoroutine()
	ctx, leave := context.WithCancel(t.Context())
	for range 15 {
		if _, err := s.Answer(ctx, "a", offer); err != nil { // and never comes
			t.Fatal(err)
		}
		_, _ = s.Answer(ctx, "a", strings.ReplaceAll(offer, "a=fingerprint:sha-256 ", "a=fingerprint:md5 "))
		_, _ = s.Answer(ctx, "a", strings.ReplaceAll(offer, "a=ice-pwd", "a=ice-pwt"))
	}
	leave()
	idle(t, s)
	late := time.After(20 * time.Second)
	for runtime.NumGoroutine() > before {
		select {
		case <-late:
			stacks := make([]byte, 1<<20)
			t.Fatalf("%d goroutines, %d before:\n%s", runtime.NumGoroutine(), before, stacks[:runtime.Stack(stacks, true)])
		case <-time.After(10 * time.Millisecond):
		}
	}
}

// TestItHealsItself: the port broke, or another program had it: the next echo has another.
func TestItHealsItself(t *testing.T) {
	s := running(t, echo.Config{})
	newClient(t, opus).answered(t.Context(), s, "a")
	s.BreakPort()
	c := newClient(t, vp8, opus)
	c.answered(t.Context(), s, "a")
	within(t, "what was sent came back", c.came)

	away := running(t, echo.Config{Bind: netip.MustParseAddr("192.0.2.1"), Public: loopback}) // which this machine has not
	_, err := away.Answer(t.Context(), "a", c.offer)
	if err == nil || errors.Is(err, signaling.ErrBadOffer) || errors.Is(err, signaling.ErrEchoBusy) {
		t.Errorf("without a port: %v", err)
	}
	if n := away.Stats(); n.Running != 0 || n.Begun != 0 {
		t.Errorf("counted %+v", n)
	}
}

// TestNobodyElseIsSentTo: an offer that names another's address as its own has nothing sent there.
func TestNobodyElseIsSentTo(t *testing.T) {
	victim, err := net.ListenPacket("udp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer victim.Close()
	s := running(t, echo.Config{})
	c := newClient(t, vp8, opus)
	port := victim.LocalAddr().(*net.UDPAddr).Port
	candidate := "a=candidate:1 1 udp 2130706431 127.0.0.1 " + strconv.Itoa(port) + " typ host\r\na=end-of-candidates\r\n"
	c.offer = strings.ReplaceAll(c.offer, "a=rtcp-mux\r\n", "a=rtcp-mux\r\n"+candidate)
	if strings.Count(c.offer, "127.0.0.1 "+strconv.Itoa(port)) != 2 {
		t.Fatalf("the offer is\n%s", c.offer)
	}
	c.answered(t.Context(), s, "a")
	within(t, "what was sent came back", c.came)
	victim.SetReadDeadline(time.Now().Add(200 * time.Millisecond))
	if n, from, err := victim.ReadFrom(make([]byte, 1500)); err == nil {
		t.Errorf("%d bytes came from %v", n, from)
	}
}
