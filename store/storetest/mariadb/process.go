package mariadb

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
	"time"
)

// logSize keeps a new server's folder at some 26 MB.
const logSize = "--innodb-log-file-size=8M"

var (
	// ErrRunning says that the server cannot be restarted since it runs.
	ErrRunning = errors.New("the server is running")

	// ErrStopped says that the server does not run.
	ErrStopped = errors.New("the server is not running")
)

// process is one run of the server.
type process struct {
	cmd   *exec.Cmd
	ended chan struct{} // closed once it was waited for
}

func (p *process) running() bool {
	if p == nil {
		return false
	}
	select {
	case <-p.ended:
		return false
	default:
		return true
	}
}

func (s *Server) socket() string  { return filepath.Join(s.dir, "mysql.sock") }
func (s *Server) logFile() string { return filepath.Join(s.dir, "error.log") }
func (s *Server) pidFile() string { return filepath.Join(s.dir, "pid") }

// PID returns the process id of the server's last run.
func (s *Server) PID() int { return s.current().cmd.Process.Pid }

// Running says whether the server's process lives, be it frozen or not.
func (s *Server) Running() bool { return s.current().running() }

func (s *Server) current() *process {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.process
}

// Stop asks the server to shut down and returns when it has.
// It returns nil at once if it does not run.
func (s *Server) Stop() error {
	p := s.current()
	if !p.running() {
		return nil
	}
	p.cmd.Process.Signal(syscall.SIGTERM) // it may have ended meanwhile
	select {
	case <-p.ended:
		return nil
	case <-time.After(patience):
		return fmt.Errorf("stop MariaDB: still running after %v\n%s", patience, s.log())
	}
}

// Kill ends the server by SIGKILL and returns when it is gone. What was
// committed is still there after Restart.
func (s *Server) Kill() {
	p := s.current()
	if !p.running() {
		return
	}
	p.cmd.Process.Kill() // it may have ended meanwhile
	<-p.ended
}

// Pause freezes the server by SIGSTOP: connections stay and nothing answers.
// It returns when all its threads have stopped, which a busy machine takes a
// while for.
func (s *Server) Pause() error {
	if err := s.signal(syscall.SIGSTOP); err != nil {
		return err
	}
	for deadline := time.Now().Add(patience); !s.frozen(); {
		if time.Now().After(deadline) {
			return fmt.Errorf("freeze MariaDB: still running after %v", patience)
		}
		time.Sleep(time.Millisecond)
	}
	return nil
}

// frozen says whether every thread of the server is in the stopped state, T,
// which stands behind the name in parentheses.
func (s *Server) frozen() bool {
	threads, err := filepath.Glob(filepath.Join("/proc", strconv.Itoa(s.PID()), "task", "*", "stat"))
	if err != nil || len(threads) == 0 {
		return false
	}
	for _, thread := range threads {
		stat, err := os.ReadFile(thread)
		if err == nil && !bytes.Contains(stat, []byte(") T ")) {
			return false
		}
	}
	return true
}

// Resume lets a frozen server go on.
func (s *Server) Resume() error { return s.signal(syscall.SIGCONT) }

func (s *Server) signal(signal os.Signal) error {
	p := s.current()
	if !p.running() {
		return ErrStopped
	}
	return p.cmd.Process.Signal(signal)
}

// Restart starts a stopped or killed server again, on the same data, socket
// and port, and returns when it answers. It returns ErrRunning if it runs.
func (s *Server) Restart() error {
	if s.Running() {
		return ErrRunning
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	return s.start(ctx)
}

// start runs the server and waits until it greets.
func (s *Server) start(ctx context.Context) error {
	p, err := s.launch()
	if err != nil {
		return fmt.Errorf("start mariadbd: %w", err)
	}
	for !s.greets() {
		select {
		case <-p.ended:
			return fmt.Errorf("mariadbd ended at once: %v\n%s", p.cmd.ProcessState, s.log())
		case <-ctx.Done():
			return fmt.Errorf("wait for mariadbd: %w\n%s", ctx.Err(), s.log())
		case <-time.After(10 * time.Millisecond):
		}
	}
	return nil
}

// launch starts the process and writes down its id for the janitor.
func (s *Server) launch() (*process, error) {
	p := &process{cmd: exec.Command(find("mariadbd"), s.args()...), ended: make(chan struct{})}
	ownGroup(p.cmd)
	if err := p.cmd.Start(); err != nil {
		return nil, err
	}
	err := os.WriteFile(s.pidFile(), []byte(strconv.Itoa(p.cmd.Process.Pid)), 0o600)
	go func() {
		p.cmd.Wait()           // how it ended is in cmd.ProcessState
		os.Remove(s.pidFile()) // the id may soon be another's
		close(p.ended)
	}()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.process = p
	return p, err
}

// ownGroup keeps an interrupt from the keyboard away from a child, whose end
// this package sees to.
func ownGroup(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} }

func (s *Server) args() []string {
	args := []string{
		"--no-defaults",
		"--datadir=" + filepath.Join(s.dir, "data"),
		"--socket=" + s.socket(),
		"--log-error=" + s.logFile(),
		"--tmpdir=" + s.dir, // a server that starts removes what others keep in a shared one
		"--pid-file=" + filepath.Join(s.dir, "mariadbd.pid"),
		"--skip-name-resolve",
		"--skip-log-bin",
		"--performance-schema=OFF",
		"--character-set-server=latin1",
		"--default-time-zone=+09:00",
		"--max-connections=500",
		"--innodb-buffer-pool-size=128M",
		logSize,
		"--innodb-snapshot-isolation=" + onOff(s.options.SnapshotIsolation),
	}
	args = append(args, asUser()...)
	if !s.options.Durable {
		// Written to the kernel at each commit, synced never.
		args = append(args, "--innodb-flush-log-at-trx-commit=2", "--innodb-flush-method=nosync")
	}
	if s.port == 0 {
		return append(args, "--skip-networking")
	}
	return append(args, "--bind-address=127.0.0.1", "--port="+strconv.Itoa(s.port))
}

func onOff(on bool) string {
	if on {
		return "ON"
	}
	return "OFF"
}

// greets says whether the server sends its first packet, whose fifth byte is
// the protocol's version, 10.
func (s *Server) greets() bool {
	conn, err := net.DialTimeout("unix", s.socket(), time.Second)
	if err != nil {
		return false
	}
	defer conn.Close()
	greeting := make([]byte, 5)
	if _, err := io.ReadFull(conn, greeting); err != nil {
		return false
	}
	return greeting[4] == 10
}

// log returns the end of the server's log.
func (s *Server) log() string {
	text, err := os.ReadFile(s.logFile())
	if err != nil {
		return ""
	}
	return tail(string(text))
}
