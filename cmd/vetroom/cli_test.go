package main

import (
	"bytes"
	"context"
	"encoding/hex"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/alecthomas/kong"
)

// cliRun runs a command in this process, on the data folder of a test and with no environment of the tester's.
func cliRun(t *testing.T, dir, stdin string, args ...string) (out, errText string, code int) {
	t.Helper()
	return cliRunIn(t.Context(), t, dir, strings.NewReader(stdin), args...)
}

func cliRunIn(ctx context.Context, t *testing.T, dir string, stdin io.Reader, args ...string) (out, errText string, code int) {
	t.Helper()
	clearEnvironment(t)
	var o, e bytes.Buffer
	code = run(ctx, append([]string{"--data-dir", dir}, args...), stdin, &o, &e)
	return o.String(), e.String(), code
}

// cliDone is cliRun for a command that must succeed, without a word on standard error.
func cliDone(t *testing.T, dir, stdin string, args ...string) string {
	t.Helper()
	out, errText, code := cliRun(t, dir, stdin, args...)
	if code != exitDone || errText != "" {
		t.Fatalf("vetroom %s: exit %d, said %q", strings.Join(args, " "), code, errText)
	}
	return out
}

func clearEnvironment(t *testing.T) {
	t.Helper()
	for _, pair := range os.Environ() {
		if name, _, _ := strings.Cut(pair, "="); strings.HasPrefix(name, "VETROOM_") {
			t.Setenv(name, "") // so that the test's end restores it
			os.Unsetenv(name)
		}
	}
}

// TestRefusals holds what a command that cannot be done answers: its status, and one clear line.
func TestRefusals(t *testing.T) {
	add := func(more ...string) []string {
		return append([]string{"vet", "add", "--login", "kim", "--name", "Kim"}, more...)
	}
	for _, test := range []struct {
		name string
		args []string
		code int
		said string
	}{
		{"no command", nil, exitUsage, "migrate"},
		{"unknown command", []string{"dance"}, exitUsage, "dance"},
		{"no subcommand", []string{"vet"}, exitUsage, `"vetroom vet --help"`},
		{"unknown flag", []string{"version", "--loud"}, exitUsage, "--loud"},
		{"missing flags", []string{"vet", "add"}, exitUsage, "--login"},
		{"missing argument", []string{"vet", "permit"}, exitUsage, "<login>"},
		{"no such file", []string{"--config", "/nowhere/vetroom.yaml", "config"}, exitUsage, "/nowhere/vetroom.yaml"},
		{"bad configuration", []string{"--addr", "here", "vet", "list"}, exitUsage, "VETROOM_ADDR"},
		{"bad permits", []string{"--permits", "maybe", "migrate"}, exitUsage, "enforce, off"},
		{"bad hours", add("--hours", "mon=9"), exitUsage, "09:00-18:00"},
		{"hours off the grid", add("--hours", "mon=09:01-12:00"), exitUsage, "multiples of 5"},
		{"slot too long", add("--slot", "200"), exitUsage, "slot_minutes"},
		{"slot no number", add("--slot", "long"), exitUsage, "--slot"},
		{"unknown zone", add("--time-zone", "Asia/Nowhere"), exitUsage, "Asia/Nowhere"},
		{"the machine's zone", add("--time-zone", "Local"), exitUsage, "Asia/Seoul"},
		{"latitude alone", add("--lat", "37"), exitUsage, "lon"},
		{"latitude 91", add("--lat", "91", "--lon", "127"), exitUsage, "lat: must be from -90 to 90"},
		{"areas without a permit", add("--areas", "skin"), exitUsage, "--permit"},
		{"permit without days", add("--permit", "P-1", "--areas", "skin"), exitUsage, "--until"},
		{"permit of an unknown area", add("--permit", "P-1", "--areas", "tail", "--from", "2026-01-01", "--until", "2026-02-01"), exitUsage, `"tail"`},
		{"permit that ends before it begins", add("--permit", "P-1", "--areas", "eye", "--from", "2026-02-01", "--until", "2026-01-01"), exitUsage, "valid_until"},
		{"impossible day", add("--permit", "P-1", "--areas", "eye", "--from", "2026-02-30", "--until", "2026-03-01"), exitUsage, "2026-02-30"},
		{"no terminal", add(), exitUsage, "--password-stdin"},
		{"nobody's password", []string{"vet", "password", "nobody", "--password-stdin"}, exitFail, `"nobody"`},
		{"nobody's permits", []string{"vet", "permit", "nobody"}, exitFail, `"nobody"`},
		{"events of no kind", []string{"events", "tail", "--type", "cats"}, exitUsage, "booking"},
		{"events of a wild type", []string{"events", "tail", "--type", "booking.>"}, exitUsage, "booking.confirmed"},
		{"events from never", []string{"events", "tail", "--from", "yesterday"}, exitUsage, "2026-12-01T05:30:00Z"},
		{"broker that never ran", []string{"events", "tail"}, exitFail, "has never run"},
		{"URL of a broker that never ran", []string{"events", "url"}, exitFail, "has never run"},
	} {
		t.Run(test.name, func(t *testing.T) {
			out, errText, code := cliRun(t, filepath.Join(t.TempDir(), "var"), "short\n", test.args...)
			if code != test.code || !strings.Contains(errText, test.said) {
				t.Errorf("exit %d, said %q; want exit %d and %q", code, errText, test.code, test.said)
			}
			if out != "" {
				t.Errorf("printed %q", out)
			}
			if lines := strings.Count(errText, "\n"); lines != 1 {
				t.Errorf("said %d lines: %q", lines, errText)
			}
		})
	}
}

// TestWrongUsageLeavesNothingBehind holds that a mistyped command makes no data folder.
func TestWrongUsageLeavesNothingBehind(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "var")
	cliRun(t, dir, "", "vet", "add", "--login", "kim", "--name", "Kim", "--hours", "never")
	if _, err := os.Stat(dir); !os.IsNotExist(err) {
		t.Errorf("the data folder was made: %v", err)
	}
}

func TestHelp(t *testing.T) {
	for _, test := range []struct {
		args          []string
		names, hidden string
	}{
		{[]string{"--help"}, "vet add", "--smtp-url"},
		{[]string{"serve", "--help"}, "--smtp-url", "All keys"},
		{[]string{"vet", "--help"}, "password", "--smtp-url"},
		{[]string{"vet", "add", "--help"}, "--hours", "--nats-replicas"},
		{[]string{"vet", "permit", "--help"}, "--yes", "--nats-replicas"},
		{[]string{"vet", "list", "--help"}, "--json", "--turn-addr"},
		{[]string{"vet", "password", "--help"}, "--password-stdin", "--turn-addr"},
		{[]string{"events", "tail", "--help"}, "booking", "--turn-addr"},
		{[]string{"events", "url", "--help"}, "--config", "--turn-addr"},
		{[]string{"migrate", "--help"}, "--database-url", "--turn-addr"},
		{[]string{"config", "--help"}, "--nats-replicas", "All keys"},
	} {
		out := cliDone(t, t.TempDir(), "", test.args...)
		if !strings.Contains(out, test.names) || strings.Contains(out, test.hidden) {
			t.Errorf("%v: want %q and not %q in\n%s", test.args, test.names, test.hidden, out)
		}
	}
}

// TestEveryCommandSaysWhatItIsFor goes through all commands and flags.
func TestEveryCommandSaysWhatItIsFor(t *testing.T) {
	parser, err := kong.New(&cli{}, kong.Vars(helpVars()))
	if err != nil {
		t.Fatal(err)
	}
	_ = kong.Visit(parser.Model, func(node kong.Visitable, next kong.Next) error {
		switch n := node.(type) {
		case *kong.Command:
			if n.Help == "" {
				t.Errorf("command %s has no help", n.FullPath())
			}
		case *kong.Flag:
			if n.Help == "" {
				t.Errorf("flag --%s has no help", n.Name)
			}
		}
		return next(nil)
	})
}

func TestVersion(t *testing.T) {
	for _, args := range [][]string{{"version"}, {"--addr", "broken", "version"}} {
		out := cliDone(t, t.TempDir(), "", args...)
		if !regexp.MustCompile(`^vetroom \S+ commit \S+ go\S+\n$`).MatchString(out) {
			t.Errorf("%v printed %q", args, out)
		}
	}
}

func TestConfigMasksSecrets(t *testing.T) {
	secret := strings.Repeat("s3cret", 8)
	out := cliDone(t, t.TempDir(), "", "config", "--session-key", secret, "--database-url", "mysql://vet:"+secret+"@db/vetroom")
	if strings.Contains(out, secret) {
		t.Errorf("printed the secret:\n%s", out)
	}
	if !strings.Contains(out, "database_url: mysql://vet:********@db/vetroom\n") {
		t.Errorf("no masked database_url in\n%s", out)
	}
}

// TestConfigReadsItself holds that what "config" prints is a configuration file that gives the same.
func TestConfigReadsItself(t *testing.T) {
	dir := t.TempDir()
	first := cliDone(t, dir, "", "config", "--roles", "web,signaling", "--log", "json")
	file := filepath.Join(dir, "effective.yaml")
	if err := os.WriteFile(file, []byte(first), 0o600); err != nil {
		t.Fatal(err)
	}
	if again := cliDone(t, dir, "", "config", "--config", file); again != first {
		t.Errorf("read back it gives\n%s\nnot\n%s", again, first)
	}
}

// TestKeysStayTheSame holds the derivation: another one would end every session at an upgrade, and part processes of
// two versions.
func TestKeysStayTheSame(t *testing.T) {
	got := hex.EncodeToString(deriveKey("0123456789abcdef0123456789abcdef", "bus"))
	if want := "62adb9b2ba546547e42a130901cb5ca72189492735a30fe3a091b2de3bd25756"; got != want {
		t.Errorf("the bus key is %s, want %s", got, want)
	}
	if bytes.Equal(deriveKey("k", "bus"), deriveKey("k", "cookies")) || bytes.Equal(deriveKey("k", "bus"), deriveKey("l", "bus")) {
		t.Error("two purposes or two session keys share a key")
	}
}
