package jetstream

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"syscall"
	"testing"

	"vetroom"
)

// childEnv makes this test binary a NATS server: the folder, and the address.
const (
	childDir  = "VETROOM_TEST_NATS_DIR"
	childAddr = "VETROOM_TEST_NATS_ADDR"
)

func TestMain(m *testing.M) {
	if dir := os.Getenv(childDir); dir != "" {
		os.Exit(serveUntilKilled(dir, os.Getenv(childAddr)))
	}
	os.Exit(m.Run())
}

func serveUntilKilled(dir, addr string) int {
	s, err := StartServer(context.Background(), ServerConfig{Dir: dir, BuiltIn: vetroom.NATSConfig, Addr: addr})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	fmt.Println(s.URL())
	bufio.NewReader(os.Stdin).ReadByte() // ends with the parent too
	s.Close()
	return 0
}

// child is a server in a process of its own.
type child struct {
	cmd *exec.Cmd
	url string
}

func startChild(t *testing.T, dir, addr string) *child {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), childDir+"="+dir, childAddr+"="+addr)
	cmd.Stderr = os.Stderr
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	c := &child{cmd: cmd}
	t.Cleanup(func() { stdin.Close(); c.signal(syscall.SIGCONT); c.kill() })
	line := bufio.NewScanner(stdout)
	if !line.Scan() {
		t.Fatal("the child does not serve")
	}
	c.url = line.Text()
	return c
}

func (c *child) signal(s syscall.Signal) { _ = c.cmd.Process.Signal(s) } // it may have ended

// kill ends the child at once and waits for it.
func (c *child) kill() {
	c.signal(syscall.SIGKILL)
	_ = c.cmd.Wait() // says "killed"
}
