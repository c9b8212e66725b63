package configs_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"github.com/alecthomas/kong"
	"github.com/goccy/go-yaml"

	"vetroom/configs"
)

// parse reads a command line as a program of ours would, with no other
// environment than the given one, as NAME=VALUE.
func parse(t *testing.T, env []string, args ...string) (configs.Config, error) {
	t.Helper()
	for _, field := range fields() {
		name := field.Tag.Get("env")
		t.Setenv(name, "") // so that the test's end restores it
		os.Unsetenv(name)
	}
	for _, pair := range env {
		name, value, _ := strings.Cut(pair, "=")
		t.Setenv(name, value)
	}
	var flags configs.Flags
	parser, err := kong.New(&flags, configs.Loader(), kong.Name("vetroom"))
	if err != nil {
		t.Fatal(err)
	}
	_, err = parser.Parse(args)
	return flags.Config, err
}

func mustParse(t *testing.T, env []string, args ...string) configs.Config {
	t.Helper()
	c, err := parse(t, env, args...)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func fields() []reflect.StructField {
	return reflect.VisibleFields(reflect.TypeFor[configs.Config]())
}

// file writes a configuration file and returns the flag that names it.
func file(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "test.yaml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return "--config=" + path
}

func TestDefaultsAreValid(t *testing.T) {
	c := mustParse(t, nil)
	if err := c.CheckServe(); err != nil {
		t.Error(err)
	}
	for _, role := range []configs.Role{configs.Web, configs.Signaling, configs.Scheduler, configs.Worker} {
		if !c.Has(role) {
			t.Errorf("role %s is missing by default", role)
		}
	}
}

func TestOneNameServesEverywhere(t *testing.T) {
	for _, field := range fields() {
		key := field.Tag.Get("yaml")
		if got, want := field.Tag.Get("name"), strings.ReplaceAll(key, "_", "-"); got != want {
			t.Errorf("%s: flag is %q, want %q", field.Name, got, want)
		}
		if got, want := field.Tag.Get("env"), "VETROOM_"+strings.ToUpper(key); got != want {
			t.Errorf("%s: environment variable is %q, want %q", field.Name, got, want)
		}
		if field.Tag.Get("help") == "" {
			t.Errorf("%s: no help", field.Name)
		}
	}
}

func TestPrecedence(t *testing.T) {
	const flag, env, line = "--addr=127.0.0.1:1", "VETROOM_ADDR=127.0.0.1:2", "addr: 127.0.0.1:3"
	for _, test := range []struct {
		name string
		env  []string
		args []string
		want string
	}{
		{"default", nil, nil, "127.0.0.1:8080"},
		{"file", nil, []string{file(t, line)}, "127.0.0.1:3"},
		{"environment over file", []string{env}, []string{file(t, line)}, "127.0.0.1:2"},
		{"flag over environment and file", []string{env}, []string{file(t, line), flag}, "127.0.0.1:1"},
		{"flag before file", nil, []string{flag, file(t, line)}, "127.0.0.1:1"},
		{"file without the key", nil, []string{file(t, "log: json")}, "127.0.0.1:8080"},
		{"empty environment over file", []string{"VETROOM_ADDR="}, []string{file(t, line)}, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got := mustParse(t, test.env, test.args...).Addr; got != test.want {
				t.Errorf("addr is %q, want %q", got, test.want)
			}
		})
	}
}

func TestTypesFromEverySource(t *testing.T) {
	want := configs.Config{
		TrustedProxies: configs.Networks{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("::1/128")},
		Roles:          configs.Roles{configs.Web, configs.Worker},
		TURNPublicIP:   netip.MustParseAddr("192.0.2.7"),
		NATSReplicas:   3,
		NATSMaxAge:     90 * 60 * 1e9,
	}
	check := func(t *testing.T, got configs.Config) {
		t.Helper()
		got = configs.Config{
			TrustedProxies: got.TrustedProxies, Roles: got.Roles, TURNPublicIP: got.TURNPublicIP,
			NATSReplicas: got.NATSReplicas, NATSMaxAge: got.NATSMaxAge,
		}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("got %+v\nwant %+v", got, want)
		}
	}
	t.Run("flags", func(t *testing.T) {
		check(t, mustParse(t, nil, "--trusted-proxies=10.1.2.3/8,::1", "--roles=web,worker",
			"--turn-public-ip=192.0.2.7", "--nats-replicas=3", "--nats-max-age=90m"))
	})
	t.Run("environment", func(t *testing.T) {
		check(t, mustParse(t, []string{"VETROOM_TRUSTED_PROXIES=10.0.0.0/8, ::1", "VETROOM_ROLES=web,worker",
			"VETROOM_TURN_PUBLIC_IP=192.0.2.7", "VETROOM_NATS_REPLICAS=3", "VETROOM_NATS_MAX_AGE=1h30m"}))
	})
	t.Run("file", func(t *testing.T) {
		check(t, mustParse(t, nil, file(t, "trusted_proxies: [10.0.0.0/8, \"::1\"]\nroles:\n  - web\n  - worker\n"+
			"turn_public_ip: 192.0.2.7\nnats_replicas: 3\nnats_max_age: 90m\n")))
	})
}

func TestFileRefused(t *testing.T) {
	for _, test := range []struct{ name, text, want string }{
		{"unknown key", "addr: 127.0.0.1:1\n\nadress: x\n", `test.yaml: line 3: unknown key "adress"`},
		{"twice", "addr: a\nlog: text\naddr: b\n", "[3:1]"},
		{"twice in two documents", "addr: a\n---\naddr: b\n", "line 3: addr is set twice"},
		{"number", "log: text\nnats_replicas: many\n", "line 2: nats_replicas: want a whole number"},
		{"duration", "nats_max_age: 7d\n", "line 1: nats_max_age: want a duration"},
		{"network", "trusted_proxies:\n  - 10.0.0.0/99\n", "line 1: trusted_proxies: \"10.0.0.0/99\" is not an IP network"},
		{"no value", "addr:\n", "line 1: addr: no value given"},
		{"a mapping", "addr:\n  host: x\n", "line 1: addr: want a plain value"},
		{"a list for the whole", "- addr\n", "line 1: want lines of the form"},
		{"broken", "addr: \"x\nlog: text\n", "[1:7]"},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := parse(t, nil, file(t, test.text))
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error is %v, want one with %q", err, test.want)
			}
		})
	}
	t.Run("absent", func(t *testing.T) {
		if _, err := parse(t, nil, "--config=/nowhere/vetroom.yaml"); err == nil {
			t.Error("an absent file was taken for an empty one")
		}
	})
}

func TestFileErrorQuotesNoSecret(t *testing.T) {
	_, err := parse(t, nil, file(t, "session_key: hush-hush-hush\nadress: x\nops_token: hush-too\n"))
	if err == nil || strings.Contains(err.Error(), "hush") {
		t.Errorf("error is %v, want one without the lines beside", err)
	}
}

func TestEmptyFiles(t *testing.T) {
	want := mustParse(t, nil)
	for _, text := range []string{"", "\n", "# nothing\n", "---\n", "{}\n"} {
		if got := mustParse(t, nil, file(t, text)); !reflect.DeepEqual(got, want) {
			t.Errorf("the file %q changed the defaults", text)
		}
	}
}

func TestExampleHoldsTheDefaults(t *testing.T) {
	if got, want := mustParse(t, nil, "--config=vetroom.yaml"), mustParse(t, nil); !reflect.DeepEqual(got, want) {
		t.Errorf("vetroom.yaml gives %+v\nwant the defaults %+v", got, want)
	}
}

func TestExampleDocumentsEveryKey(t *testing.T) {
	text, err := os.ReadFile("vetroom.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var keys map[string]any // a key that the struct lacks is refused by the loader, tested above
	if err := yaml.Unmarshal(text, &keys); err != nil {
		t.Fatal(err)
	}
	for _, field := range fields() {
		key := field.Tag.Get("yaml")
		if _, ok := keys[key]; !ok {
			t.Errorf("vetroom.yaml lacks %s", key)
		}
		documented := regexp.MustCompile(fmt.Sprintf(`(?m)^# %s: .+\n(#.*\n)*%s: `, field.Tag.Get("env"), key))
		if !documented.Match(text) {
			t.Errorf("vetroom.yaml does not say of %s what it is, beginning with # %s:", key, field.Tag.Get("env"))
		}
	}
}

func TestCheckRefuses(t *testing.T) {
	const key = "0123456789abcdef0123456789abcdef"
	for _, test := range []struct{ arg, want string }{
		{"--addr=8080", "addr (--addr, VETROOM_ADDR): "},
		{"--addr=127.0.0.1:99999", "HOST:PORT"},
		{"--base-url=vetroom.example", "base_url (--base-url, VETROOM_BASE_URL): want an absolute URL"},
		{"--base-url=https://vetroom.example/app", "no more than scheme, host and port"},
		{"--base-url=ftp://vetroom.example", "want an absolute URL"},
		{"--roles=web,cook", `"cook" is none of web, signaling, scheduler, worker`},
		{"--roles=web,web", "stands twice"},
		{"--roles=", "name at least one"},
		{"--data-dir=", "must not be empty"},
		{"--database-url=postgres://x/y", "database_url (--database-url, VETROOM_DATABASE_URL): want mysql://"},
		{"--database-url=mysql://root@127.0.0.1:3306", "want mysql://"},
		{"--database-url=mysql://root@unix(relative.sock)/db", "want mysql://"},
		{"--database-url=sqlite://relative", "want mysql://"},
		{"--session-key=short", "5 bytes are too few"},
		{"--nats-url=http://x", "nats_url (--nats-url, VETROOM_NATS_URL): want a URL that begins with nats://"},
		{"--nats-url=nats://a:1,b:2", "want a URL"},
		{"--nats-addr=x", "nats_addr"},
		{"--nats-replicas=0", "not from 1 to 5"},
		{"--nats-replicas=3", "needs a cluster"},
		{"--nats-max-age=0s", "nats_max_age"},
		{"--permits=maybe", `"maybe" is none of enforce, off`},
		{"--turn-addr=x", "turn_addr"},
		{"--turn-tls-cert=x.pem", "turn_tls_cert (--turn-tls-cert, VETROOM_TURN_TLS_CERT): a certificate wants its key"},
		{"--turn-tls-key=x.pem", "turn_tls_cert"},
		{"--ai-url=ai.example", "ai_url"},
		{"--smtp-url=http://mail", "smtp_url"},
		{"--log=xml", "is none of text, json"},
		{"--log-level=loud", "log_level (--log-level, VETROOM_LOG_LEVEL): "},
	} {
		t.Run(test.arg, func(t *testing.T) {
			err := mustParse(t, nil, test.arg).Check()
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error is %v, want one with %q", err, test.want)
			}
		})
	}
	for _, args := range [][]string{
		{"--addr=:0", "--nats-addr=127.0.0.1:-1", "--turn-addr="},
		{"--turn-addr=off", "--turn-tls-cert=x.pem", "--turn-tls-key=y.pem"},
		{"--base-url=https://vetroom.example/", "--log-level=debug", "--log=json", "--permits=off"},
		{"--database-url=mysql://u:p@s%2Fs@db.example:3306/vets?tls=true", "--session-key=" + key},
		{"--database-url=mysql://root@unix(/tmp/x.sock)/db"},
		{"--database-url=sqlite:///var/lib/vets.db"},
		{"--nats-url=nats://u:p,w@one:4222, nats://u:p@two:4222", "--nats-replicas=3"},
	} {
		if err := mustParse(t, nil, args...).Check(); err != nil {
			t.Errorf("%v: %v", args, err)
		}
	}
}

func TestCheckTellsAllAtOnce(t *testing.T) {
	err := mustParse(t, nil, "--addr=x", "--log=xml").Check()
	if err == nil || strings.Count(err.Error(), "\n") != 1 {
		t.Errorf("error is %v, want two lines", err)
	}
}

func TestServeNeedsTheSharedKey(t *testing.T) {
	c := mustParse(t, nil, "--database-url=mysql://root@127.0.0.1:3306/vets")
	if err := c.Check(); err != nil {
		t.Errorf("without a key, other commands than serve: %v", err)
	}
	err := c.CheckServe()
	if err == nil || !strings.Contains(err.Error(), "session_key (--session-key, VETROOM_SESSION_KEY): required with an external database") {
		t.Errorf("without a key, serve: %v", err)
	}
	c.SessionKey = "0123456789abcdef0123456789abcdef"
	if err := c.CheckServe(); err != nil {
		t.Errorf("with a key, serve: %v", err)
	}
}

func TestSecretsMasked(t *testing.T) {
	c := mustParse(t, nil, "--session-key=hush1", "--ops-token=hush2", "--database-url=mysql://u:hush3@unix(/s)/db",
		"--nats-url=nats://hush4@one,tls://u:hu,sh5@two", "--smtp-url=smtp://m:hush6/@x@mail", "--ai-url=https://ai/?api_key=hush7&v=2")
	text, err := c.YAML()
	if err != nil {
		t.Fatal(err)
	}
	jsonText, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	var log bytes.Buffer
	slog.New(slog.NewTextHandler(&log, nil)).Info("started", "config", c, "key", c.SessionKey, "url", c.SMTPURL)
	for name, form := range map[string]string{
		"YAML": string(text), "JSON": string(jsonText), "log": log.String(),
		"%v": fmt.Sprintf("%v", c), "%+v": fmt.Sprintf("%+v", c), "%#v": fmt.Sprintf("%#v", c), "%q": fmt.Sprintf("%q", c.SessionKey), "%x": fmt.Sprintf("%x", c.DatabaseURL),
	} {
		for _, secret := range []string{"hush", "sh5", "68757368"} {
			if strings.Contains(form, secret) {
				t.Errorf("%s shows a secret: %s", name, form)
			}
		}
	}
	if !strings.Contains(string(text), "database_url: mysql://u:********@unix(/s)/db\n") || !strings.Contains(string(text), "addr: 127.0.0.1:8080\n") {
		t.Errorf("YAML is\n%s", text)
	}
	if c.SessionKey.Reveal() != "hush1" || c.DatabaseURL.Reveal() != "mysql://u:hush3@unix(/s)/db" {
		t.Error("Reveal does not give the secret")
	}
}

func TestMaskedURLs(t *testing.T) {
	for in, want := range map[configs.SecretURL]string{
		"":                                  "",
		"sqlite:///var/x.db":                "sqlite:///var/x.db",
		"mysql://root@unix(/s)/db?tls=true": "mysql://root@unix(/s)/db?tls=true",
		"mysql://u:p@ss/w?rd@h/db":          "mysql://u:********@h/db",
		"nats://token@h":                    "nats://********@h",
		"nats://u:p@a,nats://u:q@b":         "nats://u:********@a,nats://u:********@b",
		"https://ai?Token=x&a=b":            "https://ai?Token=********&a=b",
		"not a url":                         "********",
	} {
		if got := in.String(); got != want {
			t.Errorf("%s is printed %s, want %s", in.Reveal(), got, want)
		}
	}
}

func TestYAMLLoadsAgain(t *testing.T) {
	want := mustParse(t, nil, "--trusted-proxies=10.0.0.0/8", "--nats-max-age=1h", "--turn-public-ip=::1", "--roles=web")
	text, err := want.YAML()
	if err != nil {
		t.Fatal(err)
	}
	if got := mustParse(t, nil, file(t, string(text))); !reflect.DeepEqual(got, want) {
		t.Errorf("loaded again from\n%s\nit is %+v, want %+v", text, got, want)
	}
}

func TestDerived(t *testing.T) {
	for listen, want := range map[string]string{
		"127.0.0.1:8080": "http://127.0.0.1:8080", "0.0.0.0:80": "http://127.0.0.1:80", "[::]:1": "http://127.0.0.1:1", "[::1]:1": "http://[::1]:1",
	} {
		addr, err := net.ResolveTCPAddr("tcp", listen)
		if err != nil {
			t.Fatal(err)
		}
		if got := mustParse(t, nil).PublicURL(addr); got != want {
			t.Errorf("listening on %s the URL is %s, want %s", listen, got, want)
		}
	}
	if got := mustParse(t, nil, "--base-url=https://vetroom.example/").PublicURL(&net.TCPAddr{}); got != "https://vetroom.example" {
		t.Errorf("URL is %s", got)
	}
	dir := t.TempDir()
	if got, err := mustParse(t, nil, "--data-dir="+dir).Database(); err != nil || got.Reveal() != "sqlite://"+dir+"/vetroom.db" {
		t.Errorf("database is %v, %v", got, err)
	}
	if got := mustParse(t, nil, "--log-level=warn").Level(); got != slog.LevelWarn {
		t.Errorf("level is %v", got)
	}
	if n := mustParse(t, nil, "--trusted-proxies=10.0.0.0/8").TrustedProxies; !n.Contains(netip.MustParseAddr("::ffff:10.1.1.1")) || n.Contains(netip.MustParseAddr("11.1.1.1")) {
		t.Error("Networks.Contains is wrong")
	}
}
