// Command bench measures the product beside hand-written floors that do the least that could give the same result.
//
//	go run ./bench herd --size small     one benchmark
//	make bench                           all of them, at full size
//
// The product is the real binary as a process of its own; its clients are another process. A floor is a server in a
// process of its own (a hidden command of this one), told by the very same client process. Rounds are interleaved:
// product, floor, product, floor. Each benchmark prints one table (median, least and most of the rounds, and the ratio
// of the medians) and appends the same as JSON lines to a file if one is named.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/alecthomas/kong"
)

// cli is the command line.
type cli struct {
	Herd   herdCmd   `cmd:"" help:"Many rooms that start at the same instant: from the start to each client's open door."`
	Idle   idleCmd   `cmd:"" help:"One room each 100 ms: how late each door opens."`
	Memory memoryCmd `cmd:"" help:"Server memory a socket that waits at a door."`
	Lean   leanCmd   `cmd:"" help:"How little a socket that waits can cost, in other ways than the product's."`
	Book   bookCmd   `cmd:"" help:"Bookings a second, and a race for slots."`
	Pages  pagesCmd  `cmd:"" help:"Pages and reads at a constant rate, and their queries."`
	Growth growthCmd `cmd:"" help:"The same on a small and on a large database."`
	Relay  relayCmd  `cmd:"" help:"Signals a second between the two sides of rooms, on one process and across two."`
	Call   callCmd   `cmd:"" help:"From the open door to the first frame of the other side, in two browsers."`
	Table  tableCmd  `cmd:"" help:"Show results files, rounds of several runs put together."`

	Clients    clientsCmd    `cmd:"" hidden:"" help:"The clients of a benchmark, as a child process."`
	FloorRoom  floorRoomCmd  `cmd:"" hidden:"" help:"The floor of the sockets' benchmarks, as a child process."`
	LeanServer leanServerCmd `cmd:"" hidden:"" help:"One of the servers that lean compares, as a child process."`
	FloorPages floorPagesCmd `cmd:"" hidden:"" help:"The floor of the reads, as a child process."`

	RelayClients relayClientsCmd `cmd:"" hidden:"" help:"The clients of the relay, as a child process."`
	FloorRelay   floorRelayCmd   `cmd:"" hidden:"" help:"The floor of the relay, as a child process."`
	FloorCall    floorCallCmd    `cmd:"" hidden:"" help:"The floor of the call, as a child process."`
	Broker       brokerCmd       `cmd:"" hidden:"" help:"A NATS server, as a child process."`
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second signal ends the program at once
	var c cli
	chosen := kong.Parse(&c, kong.Name("bench"), kong.Description("Vetroom's benchmarks, each beside its floor."),
		kong.BindTo(ctx, (*context.Context)(nil)))
	if err := chosen.Run(); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}
