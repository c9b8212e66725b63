package configs

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// shortestKey is the least length of a session key in bytes: HMAC-SHA256
// gains nothing beyond its 32 and loses below.
const shortestKey = 32

// mostReplicas is what JetStream allows of a stream.
const mostReplicas = 5

// Check returns what is wrong with the configuration, all of it, each with its
// key, its flag, its environment variable and what to do. Call it once, after
// parsing. (It is not named Validate, which kong would call for every command,
// those that need no configuration too.)
func (c Config) Check() error {
	return errors.Join(
		wrong("addr", address(c.Addr, 0)),
		wrong("base_url", baseURL(c.BaseURL)),
		wrong("roles", roles(c.Roles)),
		wrong("data_dir", notEmpty(c.DataDir)),
		wrong("database_url", database(c.DatabaseURL)),
		wrong("session_key", sessionKey(c.SessionKey)),
		wrong("nats_url", natsURLs(c.NATSURL)),
		wrong("nats_addr", address(c.NATSAddr, -1)),
		wrong("nats_replicas", c.replicas()),
		wrong("nats_max_age", c.maxAge()),
		wrong("permits", oneOf(c.Permits, PermitsEnforced, PermitsOff)),
		wrong("turn_addr", c.turnAddr()),
		wrong("turn_tls_cert", c.turnTLS()),
		wrong("ai_url", service(c.AIURL, "http", "https")),
		wrong("smtp_url", service(c.SMTPURL, "smtp", "smtps")),
		wrong("log", oneOf(c.Log, LogText, LogJSON)),
		wrong("log_level", oneOf(c.LogLevel, "debug", "info", "warn", "error")),
	)
}

// CheckServe is Check with what only a server needs: with a database that
// others share, the key that they share too.
func (c Config) CheckServe() error {
	err := c.Check()
	if c.ExternalDatabase() && c.SessionKey == "" {
		err = errors.Join(err, wrong("session_key", errors.New(
			"required with an external database: set the same secret on every process, for example one from \"openssl rand -base64 48\"")))
	}
	return err
}

// wrong names the key that an error is about, in its three spellings.
func wrong(key string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s (%s, %s): %w", key, flagOf(key), envOf(key), err)
}

func flagOf(key string) string { return "--" + strings.ReplaceAll(key, "_", "-") }
func envOf(key string) string  { return "VETROOM_" + strings.ToUpper(key) }

// address refuses all but HOST:PORT with a port from least on; 0 and -1 stand
// for any free one.
func address(text string, least int) error {
	_, port, err := net.SplitHostPort(text)
	if err == nil {
		if n, atoi := strconv.Atoi(port); atoi == nil && n >= least && n <= 65535 {
			return nil
		}
	}
	return fmt.Errorf("%q is not of the form HOST:PORT, such as 127.0.0.1:8080", text)
}

func (c Config) turnAddr() error {
	if !c.TURN() {
		return nil
	}
	return address(c.TURNAddr, 0)
}

func (c Config) turnTLS() error {
	if (c.TURNTLSCert == "") != (c.TURNTLSKey == "") {
		return errors.New("a certificate wants its key, and a key its certificate: set turn_tls_cert and turn_tls_key, or neither")
	}
	return nil
}

func notEmpty(text string) error {
	if text == "" {
		return errors.New("must not be empty: name a folder that this program may write to")
	}
	return nil
}

func oneOf[T ~string](got T, known ...T) error {
	if slices.Contains(known, got) {
		return nil
	}
	texts := make([]string, len(known))
	for i, one := range known {
		texts[i] = string(one)
	}
	return fmt.Errorf("%q is none of %s", got, strings.Join(texts, ", "))
}

func baseURL(text string) error {
	if text == "" {
		return nil
	}
	u, err := url.Parse(text)
	if err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Hostname() == "" {
		return errors.New("want an absolute URL such as https://vetroom.example")
	}
	if strings.Trim(u.Path, "/") != "" || u.RawQuery != "" || u.Fragment != "" || u.User != nil {
		return errors.New("want no more than scheme, host and port, such as https://vetroom.example")
	}
	return nil
}

func roles(got Roles) error {
	if len(got) == 0 {
		return errors.New("name at least one of web, signaling, scheduler, worker")
	}
	for i, role := range got {
		if err := oneOf(role, allRoles...); err != nil {
			return err
		}
		if slices.Contains(got[:i], role) {
			return fmt.Errorf("%q stands twice", role)
		}
	}
	return nil
}

// databaseURL is the form of the contract; the store reads it in detail.
var databaseURL = regexp.MustCompile(`^(?:sqlite:///[^?]+|mysql://(?:.*@)?(?:unix\(/[^)]+\)|[^/()@]+)/[^/?]+)(?:\?.*)?$`)

func database(u SecretURL) error {
	if u == "" || databaseURL.MatchString(string(u)) {
		return nil
	}
	return errors.New("want mysql://user:pass@host:port/db, mysql://user@unix(/path.sock)/db or sqlite:///path")
}

func sessionKey(key Secret) error {
	if key == "" || len(key) >= shortestKey {
		return nil
	}
	return fmt.Errorf("%d bytes are too few, want at least %d, for example from \"openssl rand -base64 48\"", len(key), shortestKey)
}

func natsURLs(list SecretURL) error {
	if list == "" {
		return nil
	}
	for _, part := range parts(string(list)) {
		part = strings.TrimLeft(part, ", \t")
		if err := service(SecretURL(part), "nats", "tls", "ws", "wss"); err != nil {
			return err
		}
	}
	return nil
}

func service(text SecretURL, schemes ...string) error {
	if text == "" {
		return nil
	}
	u, err := url.Parse(string(text))
	if err != nil || u.Hostname() == "" || strings.Contains(u.Host, ",") || !slices.Contains(schemes, u.Scheme) {
		return fmt.Errorf("want a URL that begins with %s:// and names a host", strings.Join(schemes, ":// or "))
	}
	return nil
}

func (c Config) replicas() error {
	if c.NATSReplicas < 1 || c.NATSReplicas > mostReplicas {
		return fmt.Errorf("%d is not from 1 to %d", c.NATSReplicas, mostReplicas)
	}
	if c.NATSReplicas > 1 && c.NATSURL == "" {
		return errors.New("more than 1 needs a cluster: name it in nats_url, or leave this at 1")
	}
	return nil
}

func (c Config) maxAge() error {
	if c.NATSMaxAge <= 0 {
		return fmt.Errorf("%v is not a time to keep events for, want one such as 168h", c.NATSMaxAge)
	}
	return nil
}
