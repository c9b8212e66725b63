package jetstream

import (
	"fmt"
	"net"
	"strconv"

	"github.com/nats-io/nats-server/v2/server"
)

// serverOptions reads the configuration and puts what is ours over it.
func serverOptions(cfg ServerConfig) (*server.Options, error) {
	opts, err := readOptions(cfg)
	if err != nil {
		return nil, err
	}
	if cfg.Addr != "" {
		if err := setListen(opts, cfg.Addr); err != nil {
			return nil, err
		}
	}
	opts.StoreDir = cfg.Dir
	opts.JetStream = true
	opts.DisableJetStreamBanner = true
	opts.NoSigs = true // signals belong to the process
	opts.NoLog = true  // no log file; serverLog is set before the start
	return opts, nil
}

func readOptions(cfg ServerConfig) (*server.Options, error) {
	opts, name := &server.Options{}, cfg.ConfigFile
	var err error
	if name != "" {
		err = opts.ProcessConfigFile(name)
	} else {
		name = defaultFile
		err = opts.ProcessConfigString(string(cfg.BuiltIn))
	}
	if err != nil {
		return nil, fmt.Errorf("%w: read %s: %w", ErrConfig, name, err)
	}
	if what := notOurs(opts); what != "" {
		return nil, fmt.Errorf("%w: %s has %s; remove it, or run a NATS server of your own and set VETROOM_NATS_URL",
			ErrConfig, name, what)
	}
	opts.ConfigFile = "" // nothing reloads it
	return opts, nil
}

// notOurs names what a configuration file may not bring, or is empty. Users and accounts are made here; the store's
// place is under the lock; links to other servers would be doors past both.
func notOurs(o *server.Options) string {
	forbidden := []struct {
		there bool
		what  string
	}{
		{o.Username != "" || o.Password != "" || o.Authorization != "" || o.AuthCallout != nil, "authorization"},
		{len(o.Users) > 0 || len(o.Nkeys) > 0, "users"},
		{len(o.Accounts) > 0, "accounts"},
		{o.NoAuthUser != "" || o.DefaultSentinel != "", "no_auth_user"},
		{o.SystemAccount != "" || o.NoSystemAccount, "a system account setting"},
		{len(o.TrustedOperators) > 0 || len(o.TrustedKeys) > 0 || o.AccountResolver != nil, "an operator or resolver"},
		{o.StoreDir != "", "store_dir"},
		{o.Cluster.Port != 0 || o.Cluster.Name != "" || len(o.Routes) > 0, "a cluster"},
		{o.Gateway.Port != 0 || o.Gateway.Name != "", "a gateway"},
		{o.LeafNode.Port != 0 || len(o.LeafNode.Remotes) > 0, "leafnodes"},
		{o.MQTT.Port != 0, "mqtt"},
		{o.Websocket.NoAuthUser != "" || o.Websocket.Username != "" || o.Websocket.Token != "", "users of the websocket"},
	}
	for _, f := range forbidden {
		if f.there {
			return f.what
		}
	}
	return ""
}

func setListen(opts *server.Options, addr string) error {
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		return fmt.Errorf("%w: listen address: %w", ErrConfig, err)
	}
	n, err := strconv.Atoi(port)
	if err != nil || n < -1 || n > 65535 {
		return fmt.Errorf("%w: listen address %q: port is not a number up to 65535", ErrConfig, addr)
	}
	if n == 0 {
		n = server.RANDOM_PORT
	}
	opts.Host, opts.Port = host, n
	return nil
}
