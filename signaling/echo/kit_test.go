package echo_test

import (
	"context"
	"log/slog"
	"net"
	"net/netip"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pion/interceptor"
	"github.com/pion/webrtc/v4"
	"github.com/pion/webrtc/v4/pkg/media"

	"vetroom/signaling/echo"
)

var loopback = netip.MustParseAddr("127.0.0.1")

type wall struct{}

func (wall) Now() time.Time { return time.Now() }

// running starts a server that ends with the test.
func running(t *testing.T, cfg echo.Config) *echo.Server {
	t.Helper()
	if !cfg.Bind.IsValid() {
		cfg.Bind, cfg.Public = loopback, loopback
	}
	cfg.Clock, cfg.Log = wall{}, slog.New(slog.DiscardHandler)
	s := echo.New(cfg)
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		s.Run(ctx)
	}()
	t.Cleanup(func() {
		stop()
		<-ended
		if n := s.Stats().Running; n != 0 {
			t.Errorf("%d echoes outlive their server", n)
		}
	})
	return s
}

// client is a browser without a browser, that sends a picture and a sound each 20 ms and counts what comes back.
type client struct {
	t            *testing.T
	pc           *webrtc.PeerConnection
	offer        string
	connected    chan struct{}
	gone         chan struct{}
	video, audio atomic.Int64
	came         chan struct{} // both came back
}

type kind struct {
	mime string
	rate uint32
}

var (
	vp8  = kind{webrtc.MimeTypeVP8, 90000}
	h264 = kind{webrtc.MimeTypeH264, 90000}
	opus = kind{webrtc.MimeTypeOpus, 48000}
)

// newClient makes one that offers the given codecs, and no others.
func newClient(t *testing.T, kinds ...kind) *client {
	t.Helper()
	engine := &webrtc.MediaEngine{}
	for i, k := range kinds {
		codec := webrtc.RTPCodecCapability{MimeType: k.mime, ClockRate: k.rate}
		typ := webrtc.RTPCodecTypeVideo
		switch k {
		case opus:
			typ, codec.Channels = webrtc.RTPCodecTypeAudio, 2
		case h264:
			codec.SDPFmtpLine = "level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f"
		}
		// Other payload types than the server would choose.
		err := engine.RegisterCodec(webrtc.RTPCodecParameters{RTPCodecCapability: codec, PayloadType: webrtc.PayloadType(100 + i)}, typ)
		if err != nil {
			t.Fatal(err)
		}
	}
	var settings webrtc.SettingEngine
	settings.SetIncludeLoopbackCandidate(true)
	settings.SetNetworkTypes([]webrtc.NetworkType{webrtc.NetworkTypeUDP4})
	settings.SetIPFilter(func(ip net.IP) bool { return ip.IsLoopback() })
	api := webrtc.NewAPI(webrtc.WithMediaEngine(engine), webrtc.WithSettingEngine(settings), webrtc.WithInterceptorRegistry(&interceptor.Registry{}))
	pc, err := api.NewPeerConnection(webrtc.Configuration{})
	if err != nil {
		t.Fatal(err)
	}
	c := &client{t: t, pc: pc, connected: make(chan struct{}), gone: make(chan struct{}), came: make(chan struct{}, 1)}
	t.Cleanup(func() { pc.GracefulClose() })
	pc.OnConnectionStateChange(func(s webrtc.PeerConnectionState) {
		switch s {
		case webrtc.PeerConnectionStateConnected:
			close(c.connected)
		case webrtc.PeerConnectionStateClosed:
			close(c.gone)
		}
	})
	pc.OnTrack(func(track *webrtc.TrackRemote, _ *webrtc.RTPReceiver) { c.count(track, len(kinds)) })
	for _, k := range kinds {
		c.play(k)
	}
	offer, err := pc.CreateOffer(nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := pc.SetLocalDescription(offer); err != nil {
		t.Fatal(err)
	}
	c.offer = offer.SDP // before any candidate
	return c
}

func (c *client) count(track *webrtc.TrackRemote, kinds int) {
	of := &c.video
	if track.Kind() == webrtc.RTPCodecTypeAudio {
		of = &c.audio
	}
	for {
		if _, _, err := track.ReadRTP(); err != nil {
			return
		}
		of.Add(1)
		if v, a := c.video.Load(), c.audio.Load(); kinds == 1 && v+a > 20 || v > 20 && a > 20 {
			select {
			case c.came <- struct{}{}:
			default:
			}
		}
	}
}

func (c *client) play(k kind) {
	c.t.Helper()
	track, err := webrtc.NewTrackLocalStaticSample(webrtc.RTPCodecCapability{MimeType: k.mime}, k.mime[:5], "me")
	if err != nil {
		c.t.Fatal(err)
	}
	if _, err := c.pc.AddTrack(track); err != nil {
		c.t.Fatal(err)
	}
	ctx := c.t.Context()
	go func() {
		const every = 20 * time.Millisecond
		tick := time.NewTicker(every)
		defer tick.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
				_ = track.WriteSample(media.Sample{Data: append([]byte{0, 0, 0, 1, 0x65}, make([]byte, 300)...), Duration: every})
			}
		}
	}()
}

// take hands the client its answer.
func (c *client) take(answer string) {
	c.t.Helper()
	if err := c.pc.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeAnswer, SDP: answer}); err != nil {
		c.t.Fatalf("%v\n%s", err, answer)
	}
}

// answered has the server answer the client.
func (c *client) answered(ctx context.Context, s *echo.Server, address string) string {
	c.t.Helper()
	answer, err := s.Answer(ctx, address, c.offer)
	if err != nil {
		c.t.Fatalf("%v\n%s", err, c.offer)
	}
	c.take(answer)
	return answer
}

func within(t *testing.T, what string, happens <-chan struct{}) {
	t.Helper()
	select {
	case <-happens:
	case <-time.After(20 * time.Second):
		t.Fatalf("not within 20 s: %s", what)
	}
}

// idle waits until no echo runs any more.
func idle(t *testing.T, s *echo.Server) {
	t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	late := time.After(20 * time.Second)
	for s.Stats().Running > 0 {
		select {
		case <-tick.C:
		case <-late:
			t.Fatalf("%d echoes go on", s.Stats().Running)
		}
	}
}
