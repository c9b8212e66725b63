package main

import (
	"bufio"
	"bytes"
	"context"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"vetroom/handlers"
)

// options are what every benchmark takes. A command embeds it.
type options struct {
	Size       string   `enum:"full,small" default:"full" env:"SIZE" help:"full, or small: a tenth."`
	Rounds     int      `default:"3" help:"Rounds of product and floor, one after the other."`
	Databases  []string `default:"sqlite,mariadb" enum:"sqlite,mariadb" help:"Which databases the product runs on."`
	Results    string   `help:"Append the figures to this file as JSON lines." type:"path"`
	Binary     string   `default:"bin/vetroom" help:"The product (make build)." type:"path"`
	CPUProfile string   `name:"cpuprofile" help:"Write CPU profiles of product, floor and clients into this folder; the product is built anew with its profile tag." type:"path"`
	Dir        string   `help:"Where the data goes; default: a temporary folder." type:"path"`
	Verbose    bool     `short:"v" help:"Show what the processes say."`
}

// pick gives the number of the chosen size.
func (o *options) pick(full, small int) int {
	if o.Size == "small" {
		return small
	}
	return full
}

// sessionKey is the VETROOM_SESSION_KEY of every product that is measured, so that cookies can be minted.
const sessionKey = "a key for benchmarks that is long enough to be taken"

// lab is where one benchmark runs: a folder and all that was started, which ends with it.
type lab struct {
	options
	ctx     context.Context
	dir     string
	closers []func() error

	databases *databases
	products  int // started
}

// newLab raises the limit of open files and makes the folder. close ends it.
func newLab(ctx context.Context, o options) (*lab, error) {
	if err := raiseFileLimit(); err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp(o.Dir, "vetroom-bench-")
	if err != nil {
		return nil, fmt.Errorf("make a folder: %w", err)
	}
	l := &lab{options: o, ctx: ctx, dir: dir, databases: &databases{dir: dir}}
	l.onClose(func() error { return os.RemoveAll(dir) })
	l.onClose(l.databases.close)
	if o.CPUProfile != "" {
		err = l.buildProfiled()
	}
	return l, err
}

func (l *lab) onClose(f func() error) { l.closers = append(l.closers, f) }

// close ends what was started, the last first.
func (l *lab) close() error {
	var errs []error
	for _, f := range slices.Backward(l.closers) {
		errs = append(errs, f())
	}
	l.closers = nil
	return errors.Join(errs...)
}

// buildProfiled builds the product with an endpoint for profiles, which the real one has not.
func (l *lab) buildProfiled() error {
	if err := os.MkdirAll(l.CPUProfile, 0o755); err != nil {
		return err
	}
	l.Binary = filepath.Join(l.dir, "vetroom")
	out, err := exec.CommandContext(l.ctx, "go", "build", "-tags", "profile", "-o", l.Binary, "./cmd/vetroom").CombinedOutput()
	if err != nil {
		return fmt.Errorf("build the product with its profile tag: %w\n%s", err, out)
	}
	return nil
}

func raiseFileLimit() error {
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		return fmt.Errorf("read the limit of open files: %w", err)
	}
	limit.Cur = limit.Max
	if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		return fmt.Errorf("raise the limit of open files: %w", err)
	}
	return nil
}

// newSessions makes what mints cookies that the product takes. Its clock is the machine's.
func newSessions() (*handlers.Sessions, error) {
	key, err := hkdf.Key(sha256.New, []byte(sessionKey), nil, "vetroom sessions", sha256.Size) // as cmd/vetroom does
	if err != nil {
		return nil, err
	}
	return handlers.NewSessions(handlers.SessionsConfig{Key: key, Clock: machineClock{}, Random: rand.Reader})
}

type machineClock struct{}

func (machineClock) Now() time.Time { return time.Now() }

// process is a child: the product, a floor, or clients.
type process struct {
	cmd     *exec.Cmd
	url     string // where it serves; "" before
	profile string // where its profiles are; "" without

	mu    sync.Mutex // guards what follows
	text  bytes.Buffer
	ended chan struct{}
	err   error // how it ended, after ended
	lines chan string
}

// startProduct starts "vetroom serve" on a database and waits until it serves. settings are NAME=value.
func (l *lab) startProduct(db *database, settings []string, args ...string) (*process, error) {
	cmd := exec.CommandContext(l.ctx, l.Binary, append([]string{"serve"}, args...)...)
	l.products++
	cmd.Dir = filepath.Join(l.dir, fmt.Sprintf("product%d", l.products))
	if err := os.Mkdir(cmd.Dir, 0o700); err != nil {
		return nil, err
	}
	for _, v := range os.Environ() {
		if !strings.HasPrefix(v, "VETROOM_") {
			cmd.Env = append(cmd.Env, v)
		}
	}
	cmd.Env = append(cmd.Env, "VETROOM_ADDR=127.0.0.1:0", "VETROOM_NATS_ADDR=127.0.0.1:0", "VETROOM_TURN_ADDR=",
		"VETROOM_DATA_DIR="+filepath.Join(cmd.Dir, "var"), "VETROOM_DATABASE_URL="+db.url, "VETROOM_SESSION_KEY="+sessionKey,
		"VETROOM_LOG_LEVEL=warn")
	cmd.Env = append(cmd.Env, settings...)
	return l.startServer(cmd)
}

// startSelf starts a hidden command of this program.
func (l *lab) startSelf(args ...string) *exec.Cmd {
	self, err := os.Executable()
	if err != nil {
		self = os.Args[0]
	}
	return exec.CommandContext(l.ctx, self, args...)
}

// startServer starts a process and waits for its line "ready on URL"; before it may stand "profile on URL".
func (l *lab) startServer(cmd *exec.Cmd) (*process, error) {
	p, err := l.start(cmd)
	if err != nil {
		return nil, err
	}
	deadline := time.After(60 * time.Second)
	for {
		select {
		case line, ok := <-p.lines:
			if !ok {
				<-p.ended
				return nil, fmt.Errorf("%s ended before it served: %w\n%s", cmd.Path, p.err, p.said())
			}
			if url, ok := strings.CutPrefix(line, "profile on "); ok {
				p.profile = url
			}
			if url, ok := strings.CutPrefix(line, "ready on "); ok {
				p.url = url
				go discard(p.lines)
				return p, nil
			}
		case <-deadline:
			p.kill()
			return nil, fmt.Errorf("%s does not serve\n%s", cmd.Path, p.said())
		}
	}
}

func discard(lines <-chan string) {
	for range lines {
	}
}

// start starts a process whose lines of standard output come in p.lines, which somebody must read. It is killed when the lab closes.
func (l *lab) start(cmd *exec.Cmd) (*process, error) {
	p := &process{cmd: cmd, ended: make(chan struct{}), lines: make(chan string, 100)}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	cmd.Stderr = lockedWriter{p, l.Verbose}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("start %s: %w", cmd.Path, err)
	}
	go func() {
		defer close(p.ended)
		scan := bufio.NewScanner(out)
		scan.Buffer(nil, 64<<20)
		for scan.Scan() {
			p.lines <- scan.Text()
		}
		close(p.lines)
		p.err = cmd.Wait()
	}()
	l.onClose(func() error { p.kill(); return nil })
	return p, nil
}

type lockedWriter struct {
	p    *process
	echo bool
}

func (w lockedWriter) Write(b []byte) (int, error) {
	w.p.mu.Lock()
	defer w.p.mu.Unlock()
	if w.echo {
		os.Stderr.Write(b)
	}
	if w.p.text.Len() < 1<<20 {
		w.p.text.Write(b)
	}
	return len(b), nil
}

// said is what the process wrote to its standard error.
func (p *process) said() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.text.String()
}

func (p *process) kill() {
	p.cmd.Process.Kill() // it may have ended
	discard(p.lines)
	<-p.ended
}

// stop asks the process to end and waits for it, 30 s at most.
func (p *process) stop() {
	p.cmd.Process.Signal(syscall.SIGTERM)
	select {
	case <-p.ended:
	case <-time.After(30 * time.Second):
	}
	p.kill()
}

// rss is the memory of the process that is resident, in bytes.
func (p *process) rss() (int64, error) { return rssOf(p.cmd.Process.Pid) }

func rssOf(pid int) (int64, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(text)) {
		if rest, ok := strings.CutPrefix(line, "VmRSS:"); ok {
			kb, err := strconv.ParseInt(strings.Fields(rest)[0], 10, 64)
			return kb << 10, err
		}
	}
	return 0, errors.New("no VmRSS")
}

// cpu is the processor time that the process has taken so far, user and system.
func (p *process) cpu() (time.Duration, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", p.cmd.Process.Pid))
	if err != nil {
		return 0, err
	}
	rest := string(text[bytes.LastIndexByte(text, ')')+2:])
	fields := strings.Fields(rest)
	user, err1 := strconv.ParseInt(fields[11], 10, 64)
	system, err2 := strconv.ParseInt(fields[12], 10, 64)
	const tick = 10 * time.Millisecond // USER_HZ is 100 on Linux
	return time.Duration(user+system) * tick, errors.Join(err1, err2)
}

// sleep waits, or returns the context's error.
func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}
