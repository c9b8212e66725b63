package signalingtest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pion/webrtc/v4"
	"github.com/pion/webrtc/v4/pkg/media"

	"vetroom/signaling"
)

// Call is a browser without a browser: it waits at a door, and once that opens it makes a call with whoever sits across
// and sends video and audio. It takes all of its client's frames.
type Call struct {
	client *Client
	pc     *webrtc.PeerConnection
	stop   context.CancelFunc
	over   sync.WaitGroup
	fail   chan error

	Opened    chan Frame    // holds the room message that said open
	Connected chan struct{} // closed when ICE and DTLS are up
	video     atomic.Int64
	audio     atomic.Int64

	polite    bool
	offered   bool
	early     []webrtc.ICECandidateInit
	mu        sync.Mutex // guards what is sent
	connected sync.Once
}

// Received counts the RTP packets that came from the peer.
func (c *Call) Received() (video, audio int64) { return c.video.Load(), c.audio.Load() }

type description struct {
	Description *webrtc.SessionDescription `json:"description,omitempty"`
	Candidate   *webrtc.ICECandidateInit   `json:"candidate,omitempty"`
}

// StartCall joins the room. It ends with the test, or by Hangup.
func StartCall(t testing.TB, client *Client, room string) *Call {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	c := &Call{client: client, stop: cancel, fail: make(chan error, 1), Opened: make(chan Frame, 1), Connected: make(chan struct{})}
	t.Cleanup(func() { c.Hangup(t) })
	client.Send(t, Object{"type": "join", "room": room})
	c.over.Go(func() {
		if err := c.run(ctx); err != nil && ctx.Err() == nil {
			c.fail <- err
		}
	})
	return c
}

// Hangup ends the call and fails the test if something went wrong in it.
func (c *Call) Hangup(t testing.TB) {
	t.Helper()
	c.stop()
	c.over.Wait()
	select {
	case err := <-c.fail:
		t.Errorf("the call: %v", err)
	default:
	}
}

func (c *Call) run(ctx context.Context) (err error) {
	defer func() {
		if c.pc != nil {
			err = errors.Join(err, c.pc.Close())
		}
	}()
	for {
		f, err := c.client.Next(ctx)
		if err != nil {
			return err
		}
		if err := c.handle(ctx, f); err != nil {
			return fmt.Errorf("at %.200s: %w", f.Raw, err)
		}
		if f.N == 0 {
			continue
		}
		if err := c.client.Write(Object{"type": "seen", "n": f.N}); err != nil {
			return err
		}
	}
}

func (c *Call) handle(ctx context.Context, f Frame) error {
	switch f.Type {
	case "room":
		c.polite = f.Polite
		if f.State != "open" || c.pc != nil {
			return nil
		}
		if err := c.open(ctx, f.ICEServers); err != nil {
			return err
		}
		c.Opened <- f
		return c.offer(f.Peer)
	case "peer":
		return c.offer(f.Peer)
	case "signal":
		return c.receive(f.Data)
	case "error":
		return fmt.Errorf("the server says %s", f.Code)
	}
	return nil
}

// open makes the connection: loopback only, so that no test depends on the machine's networks.
func (c *Call) open(ctx context.Context, servers []signaling.ICEServer) (err error) {
	var settings webrtc.SettingEngine
	settings.SetIncludeLoopbackCandidate(true)
	settings.SetNetworkTypes([]webrtc.NetworkType{webrtc.NetworkTypeUDP4})
	settings.SetIPFilter(func(ip net.IP) bool { return ip.IsLoopback() })
	var config webrtc.Configuration
	for _, s := range servers {
		config.ICEServers = append(config.ICEServers, webrtc.ICEServer{URLs: s.URLs, Username: s.Username, Credential: s.Credential})
	}
	if c.pc, err = webrtc.NewAPI(webrtc.WithSettingEngine(settings)).NewPeerConnection(config); err != nil {
		return err
	}
	c.pc.OnICECandidate(func(candidate *webrtc.ICECandidate) {
		if candidate != nil && ctx.Err() == nil {
			c.trickle(candidate.ToJSON())
		}
	})
	c.pc.OnConnectionStateChange(func(s webrtc.PeerConnectionState) {
		if s == webrtc.PeerConnectionStateConnected {
			c.connected.Do(func() { close(c.Connected) })
		}
	})
	c.pc.OnTrack(func(track *webrtc.TrackRemote, _ *webrtc.RTPReceiver) {
		count := &c.video
		if track.Kind() == webrtc.RTPCodecTypeAudio {
			count = &c.audio
		}
		for {
			if _, _, err := track.ReadRTP(); err != nil {
				return
			}
			count.Add(1)
		}
	})
	for _, mime := range []string{webrtc.MimeTypeVP8, webrtc.MimeTypeOpus} {
		if err := c.play(ctx, mime); err != nil {
			return err
		}
	}
	return nil
}

// play sends a frame each 20 ms.
func (c *Call) play(ctx context.Context, mime string) error {
	track, err := webrtc.NewTrackLocalStaticSample(webrtc.RTPCodecCapability{MimeType: mime}, mime[:5], "call")
	if err != nil {
		return err
	}
	if _, err := c.pc.AddTrack(track); err != nil {
		return err
	}
	c.over.Go(func() {
		const every = 20 * time.Millisecond
		tick := time.NewTicker(every)
		defer tick.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
				// Before the connection is up, and after it ended, samples go nowhere.
				_ = track.WriteSample(media.Sample{Data: make([]byte, 300), Duration: every})
			}
		}
	})
	return nil
}

// offer begins the call, from the side that is not polite, when somebody sits across.
func (c *Call) offer(peer signaling.PeerState) error {
	if c.polite || c.offered || c.pc == nil || peer != signaling.PeerPresent {
		return nil
	}
	c.offered = true
	offer, err := c.pc.CreateOffer(nil)
	if err != nil {
		return err
	}
	return c.local(offer)
}

func (c *Call) local(d webrtc.SessionDescription) error {
	c.mu.Lock() // the description goes first, its candidates after it
	defer c.mu.Unlock()
	if err := c.pc.SetLocalDescription(d); err != nil {
		return err
	}
	return c.client.Write(Object{"type": "signal", "data": description{Description: &d}})
}

// trickle sends a candidate. One that is lost with the socket is no loss: the call ends with that.
func (c *Call) trickle(candidate webrtc.ICECandidateInit) {
	c.mu.Lock()
	defer c.mu.Unlock()
	_ = c.client.Write(Object{"type": "signal", "data": description{Candidate: &candidate}})
}

func (c *Call) receive(data json.RawMessage) error {
	var d description
	if err := json.Unmarshal(data, &d); err != nil {
		return err
	}
	switch {
	case c.pc == nil:
		return errors.New("a signal came before the door opened")
	case d.Candidate != nil && c.pc.RemoteDescription() == nil:
		c.early = append(c.early, *d.Candidate)
		return nil
	case d.Candidate != nil:
		return c.pc.AddICECandidate(*d.Candidate)
	case d.Description == nil:
		return errors.New("the signal is neither a description nor a candidate")
	}
	if err := c.pc.SetRemoteDescription(*d.Description); err != nil {
		return err
	}
	for _, candidate := range c.early {
		if err := c.pc.AddICECandidate(candidate); err != nil {
			return err
		}
	}
	c.early = nil
	if d.Description.Type != webrtc.SDPTypeOffer {
		return nil
	}
	answer, err := c.pc.CreateAnswer(nil)
	if err != nil {
		return err
	}
	return c.local(answer)
}
