package main

import (
	"context"
	"fmt"

	"vetroom"
	"vetroom/events/jetstream"
)

// brokerCmd is a NATS server as a process of its own, with the product's nats.conf: what several processes meet at.
type brokerCmd struct {
	Dir     string `arg:"" help:"Its folder." type:"path"`
	Profile bool   `help:"Serve profiles."`
}

// Run serves until the process is ended.
func (c brokerCmd) Run(ctx context.Context) error {
	if c.Profile {
		if err := serveProfiles(); err != nil {
			return err
		}
	}
	server, err := jetstream.StartServer(ctx, jetstream.ServerConfig{Dir: c.Dir, BuiltIn: vetroom.NATSConfig, Addr: "127.0.0.1:0"})
	if err != nil {
		return err
	}
	credentials, err := jetstream.ReadCredentials(c.Dir)
	if err != nil {
		return err
	}
	fmt.Printf("ready on %s\n", credentials.ApplicationURL)
	<-ctx.Done()
	return server.Close()
}
