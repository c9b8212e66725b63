package main

import (
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"runtime"
	"strings"
	"syscall"
	"testing"

	"github.com/chromedp/chromedp"
	"golang.org/x/sys/unix"
)

// A network of the test's own, of namespaces that nobody else is in and that are gone with their last process:
//
//	phone, with Wi-Fi and mobile data  ──  the server, which is all that lies between  ──  the vet
//
// The test and the server are in the middle. Nothing leads out of it.
const (
	inNetwork  = "VETROOM_TEST_IN_NETWORK" // set in a test's process that is in a network of its own
	serverIP   = "198.51.100.10"
	serverAddr = serverIP + ":8080"
	relayAddr  = serverIP + ":3478"
)

// inOwnNetwork runs the test that calls it once more, in a process with a network of its own, and there gives true.
func inOwnNetwork(t *testing.T) bool {
	t.Helper()
	if os.Getenv(inNetwork) != "" {
		return true
	}
	out, ran, err := runInNetwork(t, syscall.CLONE_NEWNET)
	if !ran { // no root; but anybody may be root over what is their own
		out, ran, err = runInNetwork(t, syscall.CLONE_NEWNET|syscall.CLONE_NEWUSER)
	}
	if !ran {
		t.Fatalf("no network namespaces are to be had here: run the tests as root, or allow user namespaces (%v)", err)
	}
	t.Log("in a network of its own:\n" + strings.TrimSpace(out))
	if err != nil {
		t.Error(err)
	}
	return false
}

// runInNetwork gives what the test said, and whether it could be run at all.
func runInNetwork(t *testing.T, flags uintptr) (said string, ran bool, err error) {
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^"+regexp.QuoteMeta(t.Name())+"$", "-test.v", "-test.count=1", "-test.timeout=5m")
	cmd.Env = append(os.Environ(), inNetwork+"=1")
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: flags, Pdeathsig: syscall.SIGKILL}
	if flags&syscall.CLONE_NEWUSER != 0 {
		cmd.SysProcAttr.UidMappings = []syscall.SysProcIDMap{{HostID: os.Geteuid(), Size: 1}}
		cmd.SysProcAttr.GidMappings = []syscall.SysProcIDMap{{HostID: os.Getegid(), Size: 1}}
	}
	out, err := cmd.CombinedOutput()
	return string(out), cmd.Process != nil, err
}

// host is a machine of such a network.
type host struct {
	t  testing.TB
	ns *os.File // nil: the one that the test is in
}

// newHost makes a machine without links.
func newHost(t testing.TB) *host {
	t.Helper()
	h := &host{t: t}
	made := make(chan error)
	go func() {
		runtime.LockOSThread() // and never unlocked: the thread ends with this function
		err := unix.Unshare(unix.CLONE_NEWNET)
		if err == nil {
			h.ns, err = os.Open("/proc/thread-self/ns/net")
		}
		made <- err
	}()
	if err := <-made; err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { h.ns.Close() })
	h.ip("link set lo up")
	return h
}

// path is where others find its namespace.
func (h *host) path() string { return fmt.Sprintf("/proc/%d/fd/%d", os.Getpid(), h.ns.Fd()) }

// enter makes a command one of this machine's.
func (h *host) enter(cmd *exec.Cmd) {
	if h.ns == nil {
		return
	}
	cmd.Args = append([]string{"nsenter", "--net=" + h.path(), "--", cmd.Path}, cmd.Args[1:]...)
	cmd.Path = "/usr/bin/nsenter"
}

// ip runs commands of iproute2's ip, one a line.
func (h *host) ip(lines ...string) {
	h.t.Helper()
	cmd := exec.Command(iproute(h.t, "ip"), "-batch", "-")
	cmd.Stdin = strings.NewReader(strings.Join(lines, "\n"))
	h.run(cmd)
}

func (h *host) run(cmd *exec.Cmd) {
	h.t.Helper()
	h.enter(cmd)
	if out, err := cmd.CombinedOutput(); err != nil {
		h.t.Fatalf("%v: %v\n%s", cmd.Args, err, out)
	}
}

// iproute finds a command of iproute2, which may be where only root looks.
func iproute(t testing.TB, name string) string {
	t.Helper()
	for _, dir := range []string{"/usr/sbin/", "/sbin/", "/usr/bin/", "/bin/"} {
		if _, err := os.Stat(dir + name); err == nil {
			return dir + name
		}
	}
	t.Fatalf("no %s: run make test, or apt-get install iproute2", name)
	return ""
}

// tab opens a browser on this machine, in which the server's plain http may use a camera.
func (h *host) tab(name string, width, height int) *tab {
	h.t.Helper()
	return newTab(h.t, name, width, height, "en-GB",
		chromedp.Flag("unsafely-treat-insecure-origin-as-secure", "http://"+serverAddr),
		chromedp.ModifyCmdFunc(func(cmd *exec.Cmd) {
			h.enter(cmd)
			cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
		}))
}

// topology is the whole of it.
type topology struct {
	server, vet, phone *host
	wifi, mobile       *uplink
}

// uplink is one of the phone's ways out.
type uplink struct {
	n       *topology
	outer   string // the server's end
	inner   string // the phone's
	subnet  string // the first three numbers of its addresses
	table   int    // of the phone's routes by it
	address int    // the last number of the phone's address
}

// newTopology makes the network that this process, by inOwnNetwork, is in the middle of. The phone has no way out yet.
func newTopology(t testing.TB) *topology {
	t.Helper()
	n := &topology{server: &host{t: t}, vet: newHost(t), phone: newHost(t)}
	n.wifi = &uplink{n: n, outer: "to-wifi", inner: "wlan0", subnet: "10.11.0", table: 11}
	n.mobile = &uplink{n: n, outer: "to-mobile", inner: "wwan0", subnet: "10.12.0", table: 12}
	n.server.ip("link set lo up", "address add "+serverIP+"/32 dev lo",
		"link add to-vet type veth peer name eth0 netns "+n.vet.path(), "address add 203.0.113.1/24 dev to-vet", "link set to-vet up")
	n.vet.ip("address add 203.0.113.20/24 dev eth0", "link set eth0 up", "route add default via 203.0.113.1")
	for _, u := range []*uplink{n.wifi, n.mobile} {
		n.server.ip("link add "+u.outer+" type veth peer name "+u.inner+" netns "+n.phone.path(),
			"address add "+u.subnet+".1/24 dev "+u.outer, "link set "+u.outer+" up")
	}
	for _, h := range []*host{n.server, n.phone} { // rules come before what is a machine's own
		h.ip("rule add pref 100 lookup local", "rule del pref 0")
	}
	n.forwards(true)
	return n
}

// forwards says whether the phone and the vet reach each other, or the server alone.
func (n *topology) forwards(directly bool) {
	text := map[bool]string{true: "1", false: "0"}[directly]
	if err := os.WriteFile("/proc/sys/net/ipv4/ip_forward", []byte(text), 0); err != nil {
		n.server.t.Fatal(err)
	}
}

// up gives the phone this way out, under an address that it had not before.
func (u *uplink) up() {
	u.n.server.t.Helper()
	u.address++
	own := fmt.Sprintf("%s.%d", u.subnet, 10+u.address)
	u.n.phone.ip("link set "+u.inner+" up", "address flush dev "+u.inner, "address add "+own+"/24 dev "+u.inner,
		fmt.Sprintf("rule add from %s lookup %d", own, u.table),
		fmt.Sprintf("route replace default via %s.1 dev %s table %d", u.subnet, u.inner, u.table),
		fmt.Sprintf("route replace default via %s.1 dev %s", u.subnet, u.inner))
}

// down takes it from the phone, which knows.
func (u *uplink) down() {
	u.n.server.t.Helper()
	u.n.phone.ip("link set "+u.inner+" down", "address flush dev "+u.inner)
}

// hush has nothing come through any more, of which nobody is told.
func (u *uplink) hush() {
	u.n.server.t.Helper()
	u.n.server.ip("rule add pref 10 iif " + u.outer + " blackhole")
	u.n.phone.ip("rule add pref 10 iif " + u.inner + " blackhole")
}

// only bars UDP, for "tcp", or TCP to the relay, for "udp", and no longer what it barred before.
func (u *uplink) only(protocol string) {
	u.n.server.t.Helper()
	bars := map[string]string{"tcp": "ipproto udp", "udp": "ipproto tcp dport 3478"}[protocol]
	u.n.server.ip("rule flush pref 11", "rule add pref 11 iif "+u.outer+" "+bars+" blackhole")
	bars = strings.Replace(bars, "dport", "sport", 1)
	u.n.phone.ip("rule flush pref 11", "rule add pref 11 iif "+u.inner+" "+bars+" blackhole")
}

// limit bounds what comes through, each way.
func (u *uplink) limit(kbit int) {
	u.n.server.t.Helper()
	for h, dev := range map[*host]string{u.n.server: u.outer, u.n.phone: u.inner} {
		h.run(exec.Command(iproute(h.t, "tc"), "qdisc", "replace", "dev", dev, "root", "tbf", "rate", fmt.Sprintf("%dkbit", kbit), "burst", "8kb", "latency", "200ms"))
	}
}
