package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"os/exec"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
	"github.com/coder/websocket"

	"vetroom/configs/configstest"
)

const withTURN = "VETROOM_TURN_ADDR=127.0.0.1:0"

// openRoom books a visit and has the vet open its door at once.
func openRoom(vet *browser) (visit object, room string) {
	vet.t.Helper()
	visit = followUp(vet, soon(time.Minute), 10)
	room = visit.at("room.id")
	vet.want(200, "POST", "/api/v1/vet/rooms/"+room+"/open", nil)
	return visit, room
}

// iceServer is one of those that a `room` message names.
type iceServer struct {
	URLs                 []string
	Username, Credential string
}

// iceServers joins an open room and gives what the server names there.
func (b *browser) iceServers(room string) []iceServer {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.t.Context(), 10*time.Second)
	defer cancel()
	conn, _, err := websocket.Dial(ctx, strings.Replace(b.base, "http", "ws", 1)+"/ws", &websocket.DialOptions{
		HTTPHeader: b.cookieHeader(), Subprotocols: []string{"vetroom.v1"},
	})
	if err != nil {
		b.t.Fatal(err)
	}
	defer conn.CloseNow()
	join, _ := json.Marshal(object{"type": "join", "room": room})
	if err := conn.Write(ctx, websocket.MessageText, join); err != nil {
		b.t.Fatal(err)
	}
	for {
		_, text, err := conn.Read(ctx)
		if err != nil {
			b.t.Fatalf("no servers were named: %v", err)
		}
		var m struct {
			Type       string
			ICEServers []iceServer `json:"ice_servers"`
		}
		if err := json.Unmarshal(text, &m); err != nil {
			b.t.Fatal(err)
		}
		if m.Type == "room" && m.ICEServers != nil {
			return m.ICEServers
		}
	}
}

func metricsOf(t *testing.T, base string) string {
	t.Helper()
	res, err := http.Get(base + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	return readAll(res)
}

// uclient runs coturn's client, which others wrote, and gives what it said.
func uclient(t *testing.T, right iceServer, port string, args ...string) (string, error) {
	ctx, cancel := context.WithTimeout(t.Context(), 60*time.Second)
	defer cancel()
	args = append(args, "-n", "10", "-u", right.Username, "-w", right.Credential, "-p", port, "127.0.0.1")
	out, err := exec.CommandContext(ctx, "turnutils_uclient", args...).CombinedOutput()
	return string(out), err
}

// TestAnotherClientIsRelayed: coturn's, by UDP and by TCP, between two relays; and what it may not reach, and by what
// credential it may reach nothing.
func TestAnotherClientIsRelayed(t *testing.T) {
	dir := t.TempDir()
	p := serve(t, dir, []string{withTURN})
	vet := addVet(t, p, dir, nil, "relays")
	_, room := openRoom(vet)
	named := vet.iceServers(room)
	if len(named) != 2 || len(named[0].URLs) != 1 || len(named[1].URLs) != 2 {
		t.Fatalf("named %+v", named)
	}
	right := named[1]
	port := regexp.MustCompile(`^turn:127\.0\.0\.1:(\d+)\?transport=udp$`).FindStringSubmatch(right.URLs[0])
	if port == nil || named[0].URLs[0] != "stun:127.0.0.1:"+port[1] || right.URLs[1] != "turn:127.0.0.1:"+port[1]+"?transport=tcp" {
		t.Fatalf("named %+v", named)
	}
	wrong := right
	wrong.Username = strings.Replace(right.Username, room, room[:len(room)-1]+"0", 1)
	if wrong.Username == right.Username {
		wrong.Username = strings.Replace(right.Username, room, room[:len(room)-1]+"1", 1)
	}
	var all sync.WaitGroup
	for what, run := range map[string]struct {
		right  iceServer
		args   []string
		passes bool
	}{
		"by UDP":          {right, []string{"-y", "-m", "2"}, true},
		"by TCP":          {right, []string{"-y", "-m", "2", "-t"}, true},
		"a private peer":  {right, []string{"-e", "10.0.0.1", "-r", "4000"}, false},
		"another's room":  {wrong, []string{"-y"}, false},
		"and no password": {iceServer{Username: right.Username, Credential: "guessed"}, []string{"-y"}, false},
	} {
		all.Go(func() {
			out, err := uclient(t, run.right, port[1], run.args...)
			if passed := err == nil && strings.Contains(out, "Total lost packets 0 "); passed != run.passes {
				t.Errorf("%s: passed %v: %v\n%s", what, passed, err, out)
			}
		})
	}
	all.Wait()
	counted := metricsOf(t, p.url)
	for _, line := range []string{`vetroom_turn_refused_total{why="peer"} [1-9]`, `vetroom_turn_refused_total{why="credential"} [1-9]`,
		`vetroom_turn_bytes_total{way="to_peers"} [1-9]`, `vetroom_turn_bytes_total{way="from_peers"} [1-9]`, `vetroom_turn_allocated_total [1-9]`} {
		if !regexp.MustCompile(`(?m)^` + line).MatchString(counted) {
			t.Errorf("/metrics has no %s", line)
		}
	}
}

// onlyRelayed makes a page's connections go by relays alone, and by one way of reaching them.
func (b *tab) onlyRelayed(transport string) {
	b.t.Helper()
	script := relayed(transport)
	b.do(func(ctx context.Context, target *chromedp.Target) (chromedp.Void, error) {
		_, err := cdp.Call(ctx, target, page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{Source: script})
		return chromedp.Void{}, err
	})
}

// relayed is a script that makes the connections that a page makes from then on go by relays alone.
func relayed(transport string) string {
	return fmt.Sprintf(`window.direct ??= RTCPeerConnection;
	window.RTCPeerConnection = class extends direct {
		static only(config) {
			const ours = (urls) => [urls].flat().filter((url) => url.endsWith('transport=%s'));
			const iceServers = config.iceServers.map((s) => ({...s, urls: ours(s.urls)})).filter((s) => s.urls.length);
			return {...config, iceServers, iceTransportPolicy: 'relay'};
		}
		constructor(config) { super(new.target.only(config)) }
		setConfiguration(config) { super.setConfiguration(this.constructor.only(config)) }
	}`, transport)
}

// usedWay is by what a page's media goes.
const usedWay = `(async () => {
	const stats = await window.vetroomPeer.getStats();
	const transport = [...stats.values()].find((s) => s.type === 'transport' && s.selectedCandidatePairId);
	const pair = stats.get(transport?.selectedCandidatePairId);
	const end = (id) => { const c = stats.get(id); return c ? c.candidateType + ' ' + (c.relayProtocol ?? '') : '' };
	return pair ? (end(pair.localCandidateId) + ' to ' + end(pair.remoteCandidateId)).trim() : 'none';
})()`

// TestACallByRelays: both browsers may use relays only, the owner's by TCP, as behind a firewall that lets no UDP through;
// picture and sound flow both ways.
func TestACallByRelays(t *testing.T) {
	dir := t.TempDir()
	p := serve(t, dir, []string{withTURN})
	api := addVet(t, p, dir, nil, "behind")
	vet, owner := visitTabs(t, p, "behind")
	vet.onlyRelayed("udp")
	owner.onlyRelayed("tcp")
	visit, room := openRoom(api)
	owner.open(visit.at("link"))
	for _, b := range []*tab{vet, owner} {
		b.open(p.url + "/room?id=" + room)
	}
	for _, b := range []*tab{vet, owner} {
		b.holds(30*time.Second, "is connected", `document.documentElement.dataset.call === 'connected'`)
	}
	for b, want := range map[*tab]string{vet: "relay udp to relay", owner: "relay tcp to relay"} {
		b.hears(20*time.Second, 20)
		if way := eval[string](b, usedWay); way != want {
			t.Errorf("%s: the media goes %s, want %s", b.name, way, want)
		}
	}
	text := metricsOf(t, p.url)
	if !regexp.MustCompile(`(?m)^vetroom_turn_bytes_total\{way="to_peers"\} [1-9]\S{4,}`).MatchString(text) || !strings.Contains(text, "vetroom_turn_dropped_bytes_total 0\n") {
		t.Errorf("the relays counted too little, or had something dropped:\n%s", text)
	}
}

// TestPortOfTheRelayInUse: the rest serves, /readyz and the log say what is wrong and what to do, and it heals.
func TestPortOfTheRelayInUse(t *testing.T) {
	busy, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer busy.Close()
	at := busy.LocalAddr().String()
	dir := t.TempDir()
	p := serve(t, dir, []string{"VETROOM_TURN_ADDR=" + at})
	vet := addVet(t, p, dir, nil, "waits")
	_, room := openRoom(vet)
	const missing = "turn is not available"
	if status, answer := vet.call("GET", "/readyz", nil); status != 200 || !strings.Contains(fmt.Sprint(answer["checks"]), missing) {
		t.Errorf("/readyz: %d %v", status, answer)
	}
	if named := vet.iceServers(room); len(named) != 0 {
		t.Errorf("it names %+v", named)
	}
	busy.Close()
	eventually(t, 10*time.Second, "it listens once the port is free", func() error {
		if status, answer := vet.call("GET", "/readyz", nil); status != 200 || strings.Contains(fmt.Sprint(answer["checks"]), missing) {
			return fmt.Errorf("%d %v", status, answer)
		}
		return nil
	})
	if named := vet.iceServers(room); len(named) != 2 || named[0].URLs[0] != "stun:"+at {
		t.Errorf("it names %+v", named)
	}
	if log := p.log.String(); !strings.Contains(log, at) || !strings.Contains(log, "set VETROOM_TURN_ADDR to a free one") {
		t.Errorf("the log does not say what to do:\n%s", log)
	}
}

// TestWhereARelayIs: two servers by default beside each other have one each; there is none where it is turned off, and
// none that browsers elsewhere would look for on their own machine.
func TestWhereARelayIs(t *testing.T) {
	named := func(settings ...string) []iceServer {
		t.Helper()
		dir := t.TempDir()
		p := serve(t, dir, settings)
		vet := addVet(t, p, dir, nil, "where")
		_, room := openRoom(vet)
		if status, answer := vet.call("GET", "/readyz", nil); status != 200 {
			t.Errorf("%v: /readyz: %d %v", settings, status, answer)
		}
		return vet.iceServers(room)
	}
	const byDefault = "VETROOM_TURN_ADDR=127.0.0.1:3478"
	one := named(byDefault)
	two := named(byDefault)
	if len(one) != 2 || len(two) != 2 || one[0].URLs[0] == two[0].URLs[0] {
		t.Errorf("two servers name %v and %v", one, two)
	}
	if off := named("VETROOM_TURN_ADDR=off"); len(off) != 0 {
		t.Errorf("turned off, it names %v", off)
	}
	addr := configstest.FreeAddr(t)
	_, port, _ := net.SplitHostPort(addr)
	p := serve(t, t.TempDir(), []string{byDefault, "VETROOM_ADDR=" + addr, "VETROOM_BASE_URL=http://vetroom.example:" + port})
	if text := metricsOf(t, "http://"+addr); strings.Contains(text, "vetroom_turn") || !strings.Contains(p.log.String(), "VETROOM_TURN_PUBLIC_IP") {
		t.Errorf("for others there is a relay on this machine's loopback, and the log says %s", p.log.String())
	}
	public := named("VETROOM_TURN_ADDR=127.0.0.1:0", "VETROOM_TURN_PUBLIC_IP=192.0.2.7")
	if len(public) != 2 || !strings.HasPrefix(public[1].URLs[0], "turn:192.0.2.7:") {
		t.Errorf("behind a NAT it names %v", public)
	}
}
