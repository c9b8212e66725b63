// Package configstest is a test kit: it gives addresses that a server under test may keep while it is stopped and started
// again.
package configstest

import (
	"errors"
	"fmt"
	"net"
	"os"
	"sync/atomic"
	"testing"
)

// The ports lie below those that systems give to whoever asks for any, and to whoever connects. A port among those may be
// taken before its server listens, or while it is away: even by a client that looks for the server there, and so comes to
// be connected with itself.
const firstPort, ports = 20_000, 12_000

// asked counts what was asked for in this process, so that an address is given once.
var asked atomic.Int64

// FreeAddr gives an address of 127.0.0.1 at which nobody listens, neither by TCP nor by UDP. The test fails if there is
// none.
func FreeAddr(tb testing.TB) string {
	tb.Helper()
	port, err := FreePort()
	if err != nil {
		tb.Fatal(err)
	}
	return at(port)
}

// FreePort is FreeAddr where there is no test: the port of such an address.
func FreePort() (int, error) {
	for range ports {
		// Processes that begin one after the other do not try the same.
		port := firstPort + (97*os.Getpid()+int(asked.Add(1)))%ports
		if isFree(at(port)) {
			return port, nil
		}
	}
	return 0, errors.New("no port is free")
}

func at(port int) string { return fmt.Sprintf("127.0.0.1:%d", port) }

func isFree(addr string) bool {
	stream, err := net.Listen("tcp", addr)
	if err != nil {
		return false
	}
	defer stream.Close()
	packets, err := net.ListenPacket("udp", addr)
	if err != nil {
		return false
	}
	packets.Close()
	return true
}
