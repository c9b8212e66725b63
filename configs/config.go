// Package configs holds the configuration of every command: its keys with
// their defaults, where they are read from, and the rules that they keep.
//
// One name serves everywhere: the key nats_url of the file is the flag
// --nats-url and the environment variable VETROOM_NATS_URL. Flags override the
// environment, which overrides the file that --config names, which overrides
// the defaults. vetroom.yaml beside this file documents every key.
package configs

import (
	"log/slog"
	"net"
	"net/netip"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/alecthomas/kong"
)

// Flags is what a command line takes: the configuration and the file to read
// it from. A command line embeds it and is made with Loader.
type Flags struct {
	File   kong.ConfigFlag `name:"config" placeholder:"FILE" help:"Read the configuration from a YAML file; flags and environment override it."`
	Config `embed:""`
}

// Config is the effective configuration. Its printed forms (String of its
// secrets, YAML, slog) mask what is secret.
type Config struct {
	Addr           string   `yaml:"addr" name:"addr" env:"VETROOM_ADDR" default:"127.0.0.1:8080" placeholder:"HOST:PORT" group:"HTTP" help:"HTTP listen address."`
	BaseURL        string   `yaml:"base_url" name:"base-url" env:"VETROOM_BASE_URL" placeholder:"URL" group:"HTTP" help:"Public URL used in links and origin checks; empty: from the address."`
	TrustedProxies Networks `yaml:"trusted_proxies" name:"trusted-proxies" env:"VETROOM_TRUSTED_PROXIES" placeholder:"NETWORKS" group:"HTTP" help:"Networks whose X-Forwarded-For is believed, such as 10.0.0.0/8."`
	OpsToken       Secret   `yaml:"ops_token" name:"ops-token" env:"VETROOM_OPS_TOKEN" placeholder:"TOKEN" group:"HTTP" help:"Bearer token for /metrics from elsewhere; without it only loopback is answered."`
	Roles          Roles    `yaml:"roles" name:"roles" env:"VETROOM_ROLES" default:"web,signaling,scheduler,worker" placeholder:"ROLES" group:"HTTP" help:"What this process does, of web, signaling, scheduler and worker."`

	DataDir     string    `yaml:"data_dir" name:"data-dir" env:"VETROOM_DATA_DIR" default:"var" placeholder:"DIR" group:"Data" help:"Folder of the embedded database, the embedded broker and generated keys."`
	DatabaseURL SecretURL `yaml:"database_url" name:"database-url" env:"VETROOM_DATABASE_URL" placeholder:"URL" group:"Data" help:"mysql://user:pass@host:port/db, mysql://user@unix(/path.sock)/db or sqlite:///path; empty: SQLite in the data folder."`
	SessionKey  Secret    `yaml:"session_key" name:"session-key" env:"VETROOM_SESSION_KEY" placeholder:"KEY" group:"Data" help:"Secret of at least 32 bytes that signs cookies and TURN credentials; empty: made and kept in the data folder; required with an external database."`

	NATSURL      SecretURL     `yaml:"nats_url" name:"nats-url" env:"VETROOM_NATS_URL" placeholder:"URL" group:"Events" help:"An external NATS cluster, URLs parted by commas; empty: a server in this process."`
	NATSAddr     string        `yaml:"nats_addr" name:"nats-addr" env:"VETROOM_NATS_ADDR" default:"127.0.0.1:4222" placeholder:"HOST:PORT" group:"Events" help:"Where the NATS server in this process listens."`
	NATSConfig   string        `yaml:"nats_config" name:"nats-config" env:"VETROOM_NATS_CONFIG" placeholder:"FILE" group:"Events" help:"Configuration file of the NATS server in this process; empty: the built-in nats.conf."`
	NATSReplicas int           `yaml:"nats_replicas" name:"nats-replicas" env:"VETROOM_NATS_REPLICAS" default:"1" placeholder:"N" group:"Events" help:"Replicas of every stream."`
	NATSMaxAge   time.Duration `yaml:"nats_max_age" name:"nats-max-age" env:"VETROOM_NATS_MAX_AGE" default:"168h" placeholder:"DURATION" group:"Events" help:"How long the streams and the outbox keep an event."`

	Permits Permits `yaml:"permits" name:"permits" env:"VETROOM_PERMITS" default:"enforce" placeholder:"enforce|off" group:"Rules" help:"enforce: a vet is booked only within a valid permit; off: for places without such a rule."`

	TURNAddr     string     `yaml:"turn_addr" name:"turn-addr" env:"VETROOM_TURN_ADDR" default:"127.0.0.1:3478" placeholder:"HOST:PORT" group:"Call" help:"Where the embedded TURN server listens, UDP and TCP; off, or empty: none."`
	TURNPublicIP netip.Addr `yaml:"turn_public_ip" name:"turn-public-ip" env:"VETROOM_TURN_PUBLIC_IP" placeholder:"IP" group:"Call" help:"Address at which the TURN server is reached from outside; empty: the one it listens on."`
	TURNTLSCert  string     `yaml:"turn_tls_cert" name:"turn-tls-cert" env:"VETROOM_TURN_TLS_CERT" placeholder:"FILE" group:"Call" help:"Certificate chain, PEM, with which the TURN server speaks TLS too, on its TCP port; empty: it does not."`
	TURNTLSKey   string     `yaml:"turn_tls_key" name:"turn-tls-key" env:"VETROOM_TURN_TLS_KEY" placeholder:"FILE" group:"Call" help:"Key of that certificate, PEM."`

	AIURL   SecretURL `yaml:"ai_url" name:"ai-url" env:"VETROOM_AI_URL" placeholder:"URL" group:"Outside services" help:"The skin-screening server; empty: the built-in baseline."`
	SMTPURL SecretURL `yaml:"smtp_url" name:"smtp-url" env:"VETROOM_SMTP_URL" placeholder:"URL" group:"Outside services" help:"smtp:// or smtps:// server for mail; empty: mails go to the log."`

	Log      LogFormat `yaml:"log" name:"log" env:"VETROOM_LOG" default:"text" placeholder:"text|json" group:"Log" help:"Form of the log."`
	LogLevel string    `yaml:"log_level" name:"log-level" env:"VETROOM_LOG_LEVEL" default:"info" placeholder:"LEVEL" group:"Log" help:"debug, info, warn or error."`
}

// Role is a part of the work that a process may take on.
type Role string

// The roles that a process may have.
const (
	Web       Role = "web"       // pages and the JSON API
	Signaling Role = "signaling" // the socket
	Scheduler Role = "scheduler" // what is due, published on time
	Worker    Role = "worker"    // what takes longer
)

var allRoles = Roles{Web, Signaling, Scheduler, Worker}

// Permits says whether a vet's permits are asked for.
type Permits string

// The values of the key permits.
const (
	PermitsEnforced Permits = "enforce"
	PermitsOff      Permits = "off"
)

// LogFormat is the form of the log.
type LogFormat string

// The values of the key log.
const (
	LogText LogFormat = "text"
	LogJSON LogFormat = "json"
)

// Has says whether this process takes a role.
func (c Config) Has(role Role) bool { return slices.Contains(c.Roles, role) }

// DefaultTURNAddr is the default of the key turn_addr. Whoever leaves it at that does not care for the port: where it is
// taken, any free one does.
const DefaultTURNAddr = "127.0.0.1:3478"

// TURN says whether there is a TURN server in a process with the role signaling.
func (c Config) TURN() bool { return c.TURNAddr != "" && c.TURNAddr != "off" }

// ExternalDatabase says whether the database is a server's, which other
// processes share, and not a file of this machine.
func (c Config) ExternalDatabase() bool { return c.DatabaseURL.scheme() == "mysql" }

// Database returns the URL of the database in use: the one configured, or
// vetroom.db in the data folder.
func (c Config) Database() (SecretURL, error) {
	if c.DatabaseURL != "" {
		return c.DatabaseURL, nil
	}
	path, err := filepath.Abs(filepath.Join(c.DataDir, "vetroom.db"))
	if err != nil {
		return "", err
	}
	return SecretURL((&url.URL{Scheme: "sqlite", Path: path}).String()), nil
}

// PublicURL returns the URL under which the world knows this server, without a
// slash at its end: the one configured, or that of the address listened on.
func (c Config) PublicURL(listening net.Addr) string {
	if c.BaseURL != "" {
		return strings.TrimRight(c.BaseURL, "/")
	}
	host, port, err := net.SplitHostPort(listening.String())
	if err != nil {
		return "http://" + listening.String()
	}
	if ip := net.ParseIP(host); ip == nil || ip.IsUnspecified() {
		host = "127.0.0.1"
	}
	return "http://" + net.JoinHostPort(host, port)
}

// Level returns the least level that is logged. It is Info for a level that
// Check refuses.
func (c Config) Level() slog.Level {
	var level slog.Level
	if err := level.UnmarshalText([]byte(c.LogLevel)); err != nil {
		return slog.LevelInfo
	}
	return level
}
