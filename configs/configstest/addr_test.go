package configstest

import (
	"net"
	"testing"
)

func TestFreeAddrIsGivenOnce(t *testing.T) {
	given := map[string]bool{}
	for range 20 {
		addr := FreeAddr(t)
		if given[addr] {
			t.Errorf("%s was given twice", addr)
		}
		given[addr] = true
	}
}

func TestTakenIsNotFree(t *testing.T) {
	stream, err := net.Listen("tcp", FreeAddr(t))
	if err != nil {
		t.Fatal(err)
	}
	defer stream.Close()
	packets, err := net.ListenPacket("udp", FreeAddr(t))
	if err != nil {
		t.Fatal(err)
	}
	defer packets.Close()
	for _, taken := range []net.Addr{stream.Addr(), packets.LocalAddr()} {
		if isFree(taken.String()) {
			t.Errorf("%s %s is said to be free", taken.Network(), taken)
		}
	}
}
