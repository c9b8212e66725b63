package mariadb_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"vetroom/store/storetest/mariadb"
)

func query(t *testing.T, s *mariadb.Server, db, statements string) string {
	t.Helper()
	out, err := s.Query(t.Context(), db, statements)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestOptions(t *testing.T) {
	const settings = "SELECT @@innodb_snapshot_isolation, @@innodb_flush_log_at_trx_commit, @@skip_networking"
	for _, test := range []struct {
		name    string
		options mariadb.Options
		want    string
		url     string
	}{
		{"plain", mariadb.Options{}, "0\t2\t1", "mysql://root@unix(/"},
		{"snapshot isolation", mariadb.Options{SnapshotIsolation: true}, "1\t2\t1", "mysql://root@unix(/"},
		{"durable on TCP", mariadb.Options{Durable: true, TCP: true}, "0\t1\t0", "mysql://root@127.0.0.1:"},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := mariadb.Start(t, test.options)
			if got := query(t, s, "", settings); got != test.want {
				t.Errorf("settings are %q, want %q", got, test.want)
			}
			if got := s.URL("x", "a=b"); !strings.HasPrefix(got, test.url) || !strings.HasSuffix(got, "/x?a=b") {
				t.Errorf("URL is %s, want one that begins %s and ends /x?a=b", got, test.url)
			}
		})
	}
}

func TestTCPAnswersRoot(t *testing.T) {
	s := mariadb.Start(t, mariadb.Options{TCP: true})
	_, port, _ := strings.Cut(strings.TrimSuffix(s.URL(""), "/"), "127.0.0.1:")
	out, err := exec.Command("mariadb", "--no-defaults", "--user=root", "--protocol=tcp", "--host=127.0.0.1",
		"--port="+port, "--batch", "--skip-column-names", "--execute=SELECT 7").CombinedOutput()
	if err != nil || string(out) != "7\n" {
		t.Errorf("over TCP: %v, %s", err, out)
	}
}

func TestSharedGivesEachTestItsOwnDatabase(t *testing.T) {
	s := mariadb.Shared(t, mariadb.Options{})
	if mariadb.Shared(t, mariadb.Options{}) != s {
		t.Error("Shared started a second server with the same options")
	}
	a, b := s.Database(t), s.Database(t)
	if a == b {
		t.Errorf("two databases have one URL, %s", a)
	}
	t.Run("dropped after its test", func(t *testing.T) { s.Database(t) })
	if got := strings.Fields(query(t, s, "", "SHOW DATABASES LIKE 'test%'")); len(got) != 2 {
		t.Errorf("databases are %v, want two", got)
	}
}

func TestCommitsSurviveKill(t *testing.T) {
	s := mariadb.Start(t, mariadb.Options{})
	if err := s.CreateDatabase(t.Context(), "d"); err != nil {
		t.Fatal(err)
	}
	query(t, s, "d", "CREATE TABLE t (id INT PRIMARY KEY) ENGINE=InnoDB; INSERT INTO t VALUES (1)")
	pid := s.PID()
	s.Kill()
	if s.Running() {
		t.Error("it runs after Kill")
	}
	if err := s.Restart(); err != nil {
		t.Fatal(err)
	}
	if s.PID() == pid {
		t.Error("the same process after Restart")
	}
	if got := query(t, s, "d", "SELECT COUNT(*) FROM t"); got != "1" {
		t.Errorf("rows after Kill and Restart: %s, want 1", got)
	}
	if err := s.Restart(); !errors.Is(err, mariadb.ErrRunning) {
		t.Errorf("Restart of a running server: %v, want ErrRunning", err)
	}
}

func TestStopAndPause(t *testing.T) {
	s := mariadb.Start(t, mariadb.Options{})
	if err := s.Pause(); err != nil {
		t.Fatal(err)
	}
	short, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	if out, err := s.Query(short, "", "SELECT 1"); err == nil {
		t.Errorf("a paused server answered %q", out)
	}
	if err := s.Resume(); err != nil {
		t.Fatal(err)
	}
	query(t, s, "", "SELECT 1")
	if err := s.Stop(); err != nil {
		t.Fatal(err)
	}
	if err := s.Pause(); !errors.Is(err, mariadb.ErrStopped) {
		t.Errorf("Pause of a stopped server: %v, want ErrStopped", err)
	}
	if err := s.Restart(); err != nil {
		t.Fatal(err)
	}
	query(t, s, "", "SELECT 1")
}

func TestMissing(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	_, err := mariadb.Open(t.Context(), mariadb.Options{})
	if !errors.Is(err, mariadb.ErrMissing) || !strings.Contains(err.Error(), "make test") {
		t.Errorf("without MariaDB in reach: %v, want ErrMissing and what to do", err)
	}
}

// orphanEnv makes TestOrphan the body of the child process of TestNothingOutlivesTheBinary.
const orphanEnv = "VETROOM_TEST_ORPHAN"

func TestNothingOutlivesTheBinary(t *testing.T) {
	dir := t.TempDir()
	cmd := exec.Command(os.Args[0], "-test.run=^TestOrphan$")
	cmd.Env = append(os.Environ(), orphanEnv+"=1", "TMPDIR="+dir)
	out, err := cmd.Output()
	if err == nil {
		t.Fatalf("the child that kills itself ended well: %s", out)
	}
	pid := strings.TrimSpace(string(out))
	deadline := time.Now().Add(time.Minute)
	for alive(pid) || !empty(t, dir) {
		if time.Now().After(deadline) {
			t.Fatalf("after a minute, process %q lives: %v; its folder is gone: %v", pid, alive(pid), empty(t, dir))
		}
		time.Sleep(10 * time.Millisecond)
	}
}

// TestOrphan starts a server and dies by SIGKILL, when it is the child process.
func TestOrphan(t *testing.T) {
	if os.Getenv(orphanEnv) == "" {
		return
	}
	s := mariadb.Shared(t, mariadb.Options{})
	fmt.Println(s.PID())
	syscall.Kill(os.Getpid(), syscall.SIGKILL)
	select {}
}

// alive says whether a process has a command line, which a dead one that
// nobody waited for has not.
func alive(pid string) bool {
	line, err := os.ReadFile(filepath.Join("/proc", pid, "cmdline"))
	return err == nil && len(line) > 0
}

func empty(t *testing.T, dir string) bool {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil {
		t.Fatal(err)
	}
	return len(found) == 0
}
