package mariadb

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// places are the folders beside PATH where distributions keep MariaDB's server.
var places = []string{"/usr/sbin", "/usr/libexec", "/usr/local/sbin", "/usr/local/bin"}

// find returns the path of a program, or "" if it is not installed.
func find(program string) string {
	if path, err := exec.LookPath(program); err == nil {
		return path
	}
	for _, place := range places {
		if path, err := exec.LookPath(filepath.Join(place, program)); err == nil {
			return path
		}
	}
	return ""
}

// installed returns ErrMissing, naming the program, unless all are there.
func installed() error {
	for _, program := range []string{"mariadbd", "mariadb-install-db", "mariadb"} {
		if find(program) == "" {
			return fmt.Errorf("no %s found: %w", program, ErrMissing)
		}
	}
	return nil
}

// longestDir keeps DIR/mysql.sock within the 107 bytes that a socket's path may have.
const longestDir = 90

// makeDir makes the folder of one server, where a socket's path is not too long.
func makeDir() (string, error) {
	dir, err := os.MkdirTemp("", "vetroom-mariadb-")
	if err == nil && len(dir) > longestDir {
		if err = os.Remove(dir); err == nil {
			dir, err = os.MkdirTemp("/tmp", "vetroom-mariadb-")
		}
	}
	if err != nil {
		return "", fmt.Errorf("make the server's folder: %w", err)
	}
	return dir, nil
}

// install writes the system tables of a new server; it takes about half a second.
func install(ctx context.Context, dir string) error {
	args := []string{
		"--no-defaults",
		"--datadir=" + filepath.Join(dir, "data"),
		"--auth-root-authentication-method=normal",
		"--skip-test-db",
		"--skip-name-resolve",
		"--tmpdir=" + dir, // a server that starts removes what others keep in a shared one
		logSize,
	}
	cmd := exec.CommandContext(ctx, find("mariadb-install-db"), append(args, asUser()...)...)
	out, err := cmd.CombinedOutput()
	if err != nil {
		return fmt.Errorf("mariadb-install-db: %w\n%s", err, tail(string(out)))
	}
	return nil
}

// asUser lets the server run as root where the tests do; it refuses otherwise.
func asUser() []string {
	if os.Geteuid() != 0 {
		return nil
	}
	return []string{"--user=root"}
}

// tail returns the last lines of a program's output.
func tail(text string) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	return strings.Join(lines[max(0, len(lines)-20):], "\n")
}

// janitor is a shell process that waits for its input to end, as it does when
// this process ends in whatever way, and then clears a server away.
type janitor struct {
	cmd   *exec.Cmd
	input io.Closer
}

// cleaning kills the process that DIR/pid names, if any, and removes DIR.
const cleaning = `cat >/dev/null
if [ -s "$1/pid" ]; then kill -9 "$(cat "$1/pid")"; fi
while ! rm -rf "$1"; do sleep 0.05; done`

func startJanitor(dir string) (*janitor, error) {
	cmd := exec.Command("/bin/sh", "-c", cleaning, "janitor", dir)
	ownGroup(cmd)
	input, err := cmd.StdinPipe()
	if err != nil {
		return nil, fmt.Errorf("make the janitor's pipe: %w", err)
	}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("start the janitor: %w", err)
	}
	return &janitor{cmd: cmd, input: input}, nil
}

// close lets the janitor work now, and waits for it.
func (j *janitor) close() error {
	j.input.Close() // a second close is an error of no interest
	if err := j.cmd.Wait(); err != nil && j.cmd.ProcessState == nil {
		return fmt.Errorf("clear the server away: %w", err)
	}
	return nil
}
