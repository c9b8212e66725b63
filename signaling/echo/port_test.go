package echo

import (
	"encoding/binary"
	"net"
	"testing"
	"time"
)

var client = &net.UDPAddr{IP: net.IPv4(192, 0, 2, 1), Port: 5000}

type still time.Time

func (s *still) Now() time.Time { return time.Time(*s) }

func (s *still) sleep(d time.Duration) { *s = still(time.Time(*s).Add(d)) }

// packet is one of RTP, or of RTCP where its type is that.
func packet(kind byte, stream uint32, size int) []byte {
	b := make([]byte, size)
	b[0], b[1] = 0x80, kind
	binary.BigEndian.PutUint32(b[8:], stream)
	return b
}

// TestAGateLetsThroughWhatACheckNeeds and not more streams, reports and bytes than that.
func TestAGateLetsThroughWhatACheckNeeds(t *testing.T) {
	clock := &still{}
	newGate := func() *gate { return newGate(nil, Config{Clock: clock, Limits: Limits{}.withDefaults()}) }
	count := func(g *gate, n int, next func(i int) []byte) (passed int) {
		for i := range n {
			if g.passes(next(i), client) {
				passed++
			}
		}
		return passed
	}
	g := newGate()
	if n := count(g, 50, func(i int) []byte { return packet(96, uint32(i), 200) }); n != maxStreams {
		t.Errorf("%d streams pass", n)
	}
	if !g.passes(packet(96, 3, 200), client) {
		t.Error("a stream that passed before does not")
	}
	if n := count(g, 50, func(i int) []byte { return packet(201, 3, 100) }); n != reportsBurst {
		t.Errorf("%d reports pass at once", n)
	}
	clock.sleep(time.Second)
	if n := count(g, 50, func(i int) []byte { return packet(206, 3, 100) }); n != reportRate {
		t.Errorf("%d reports pass in the next second", n)
	}
	clock.sleep(time.Hour)
	if g.passes(packet(200, 3, maxReport+1), client) {
		t.Error("a long report passes")
	}
	clock.sleep(time.Hour)
	passed := 0
	for range 20 { // two seconds of 100 Mbit/s
		passed += count(g, 1000, func(int) []byte { return packet(96, 3, 1250) }) * 1250
		clock.sleep(100 * time.Millisecond)
	}
	if most := 375_000 * 5 / 2; passed > most || passed < most*9/10 {
		t.Errorf("%d bytes pass in 2 s", passed)
	}
	small := newGate()
	if n := count(small, 10_000, func(int) []byte { return []byte{20, 1} }); n != 375_000/2/leastCharge {
		t.Errorf("%d tiny packets pass at once", n)
	}
}

// TestAGateKnowsAFewAddresses: what is sent from many, as one who makes them up can, is dropped, and costs nobody else.
func TestAGateKnowsAFewAddresses(t *testing.T) {
	clock := &still{}
	g := newGate(nil, Config{Clock: clock, Limits: Limits{}.withDefaults()})
	passed := 0
	for i := range 1000 {
		clock.sleep(time.Second / checkRate)
		if g.passes([]byte{0, 1}, &net.UDPAddr{IP: net.IPv4(192, 0, 2, 1), Port: 1000 + i}) {
			passed++
		}
	}
	if passed != maxOrigins {
		t.Errorf("packets of %d addresses pass", passed)
	}
	if !g.passes([]byte{0, 1}, &net.UDPAddr{IP: net.IPv4(192, 0, 2, 1), Port: 1000}) {
		t.Error("an address that passed before does not")
	}
}

// TestAGateBoundsChecks, each of which is answered, and its signature looked at.
func TestAGateBoundsChecks(t *testing.T) {
	clock := &still{}
	g := newGate(nil, Config{Clock: clock, Limits: Limits{}.withDefaults()})
	passed := 0
	for range 1000 {
		clock.sleep(time.Second / 1000)
		if g.passes([]byte{0, 1}, client) {
			passed++
		}
	}
	if passed < checksBurst || passed > checksBurst+checkRate {
		t.Errorf("%d checks pass in a second", passed)
	}
}
