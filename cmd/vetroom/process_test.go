package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// asProgram makes the test binary be vetroom itself, so that tests run whole processes without building them apart.
const asProgram = "VETROOM_TEST_AS_PROGRAM"

func TestMain(m *testing.M) {
	if os.Getenv(asProgram) != "" {
		main()
		return
	}
	os.Exit(m.Run())
}

// process is one running vetroom.
type process struct {
	t    testing.TB
	cmd  *exec.Cmd
	url  string // where it serves, once it said so
	log  lockedBuffer
	dead chan struct{} // closed when it ended
	err  error         // how; read it after dead
}

// lockedBuffer takes a process's output while a test reads it.
type lockedBuffer struct {
	mu sync.Mutex // guards b
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// command makes a vetroom command with nothing of the tester's own configuration, and the given settings.
func command(ctx context.Context, dir string, settings []string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, os.Args[0], args...)
	for _, v := range os.Environ() {
		if !strings.HasPrefix(v, "VETROOM_") {
			cmd.Env = append(cmd.Env, v)
		}
	}
	cmd.Env = append(cmd.Env, asProgram+"=1", "VETROOM_DATA_DIR="+filepath.Join(dir, "var"),
		"VETROOM_ADDR=127.0.0.1:0", "VETROOM_NATS_ADDR=127.0.0.1:0", "VETROOM_TURN_ADDR=")
	cmd.Env = append(cmd.Env, settings...)
	cmd.Dir = dir
	return cmd
}

// serve starts vetroom and waits until it serves. It ends with the test.
func serve(t testing.TB, dir string, settings []string, args ...string) *process {
	t.Helper()
	p := start(t, dir, settings, args...)
	p.awaitReady(20 * time.Second)
	return p
}

// start starts vetroom without waiting.
func start(t testing.TB, dir string, settings []string, args ...string) *process {
	t.Helper()
	p := &process{t: t, dead: make(chan struct{}), cmd: command(context.Background(), dir, settings, append([]string{"serve"}, args...)...)}
	p.cmd.Stdout, p.cmd.Stderr = &p.log, &p.log
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		p.err = p.cmd.Wait()
		close(p.dead)
	}()
	t.Cleanup(func() {
		p.kill()
		if t.Failed() {
			t.Logf("output of process %d:\n%s", p.cmd.Process.Pid, p.log.String())
		}
	})
	return p
}

func (p *process) awaitReady(within time.Duration) {
	p.t.Helper()
	eventually(p.t, within, "the process serves", func() error {
		select {
		case <-p.dead:
			p.t.Fatalf("vetroom ended before it served: %v\n%s", p.err, p.log.String())
		default:
		}
		lines := bufio.NewScanner(strings.NewReader(p.log.String()))
		for lines.Scan() {
			if url, ok := strings.CutPrefix(lines.Text(), "ready on "); ok {
				p.url = url
				return nil
			}
		}
		return errors.New("no line “ready on URL”")
	})
}

// kill ends the process at once, by its own id.
func (p *process) kill() {
	_ = p.cmd.Process.Kill()
	<-p.dead
}

// signal sends a signal to the process, such as SIGSTOP or SIGTERM.
func (p *process) signal(s syscall.Signal) {
	p.t.Helper()
	if err := p.cmd.Process.Signal(s); err != nil {
		p.t.Fatal(err)
	}
}

// runCommand runs a vetroom command to its end and gives its standard output. It fails the test unless it succeeds.
func runCommand(t testing.TB, dir string, settings []string, stdin string, args ...string) string {
	t.Helper()
	out, errText, code := tryCommand(t, dir, settings, stdin, args...)
	if code != 0 {
		t.Fatalf("vetroom %s: exit %d\n%s", strings.Join(args, " "), code, errText)
	}
	return out
}

func tryCommand(t testing.TB, dir string, settings []string, stdin string, args ...string) (out, errText string, code int) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	var o, e bytes.Buffer
	cmd := command(ctx, dir, settings, args...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = strings.NewReader(stdin), &o, &e
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return o.String(), e.String(), cmd.ProcessState.ExitCode()
}

// patience is what a busy machine may add to any wait. How long a test looks is no goal: a goal is held against the time
// at which something happened.
const patience = 15 * time.Second

// eventually asks until what is said holds, and fails the test with the last reason if it does not within the time that
// it takes where nothing else runs, and patience.
func eventually(t testing.TB, within time.Duration, what string, ask func() error) {
	t.Helper()
	var err error
	for deadline := time.Now().Add(within + patience); ; {
		if err = ask(); err == nil {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("not within %v: %s: %v", within+patience, what, err)
		}
		pause(20 * time.Millisecond)
	}
}

// pause lets another process get on; tests wait for what they want by eventually, never by a pause of a guessed length.
func pause(d time.Duration) { <-time.After(d) }

// errNotYet is why something is waited for, where there is no more to say.
var errNotYet = errors.New("not yet")
