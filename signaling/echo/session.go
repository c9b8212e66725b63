package echo

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/pion/rtcp"
	"github.com/pion/webrtc/v4"

	"vetroom/clinic"
	"vetroom/signaling"
)

// keyframeEvery bounds how often the browser is asked for a whole picture.
const keyframeEvery = 500 * time.Millisecond

// session is one echo.
type session struct {
	pc    *webrtc.PeerConnection
	clock clinic.Clock
	back  map[webrtc.RTPCodecType]*webrtc.TrackLocalStaticRTP
	over  chan struct{} // closed when the browser ended it, or is gone
	once  sync.Once     // closes over

	copying sync.WaitGroup // what reads of the connection
	mu      sync.Mutex     // guards what follows
	ended   bool           // nothing more is copied
	from    map[webrtc.RTPCodecType]webrtc.SSRC
	asked   time.Time // when the browser was last asked for a whole picture
}

// newSession answers an offer. What it began for an offer that fails it ends.
func (s *Server) newSession(p *port, o offer) (*session, string, error) {
	pc, err := s.newConnection(p, o)
	if err != nil {
		return nil, "", err
	}
	e := &session{
		pc: pc, clock: s.cfg.Clock, over: make(chan struct{}),
		back: map[webrtc.RTPCodecType]*webrtc.TrackLocalStaticRTP{}, from: map[webrtc.RTPCodecType]webrtc.SSRC{},
	}
	pc.OnTrack(func(t *webrtc.TrackRemote, _ *webrtc.RTPReceiver) { e.copy(t) })
	pc.OnConnectionStateChange(func(now webrtc.PeerConnectionState) {
		if now == webrtc.PeerConnectionStateFailed || now == webrtc.PeerConnectionStateClosed {
			e.once.Do(func() { close(e.over) })
		}
	})
	answer, err := e.answer(o)
	if err != nil {
		e.end()
		return nil, "", err
	}
	return e, answer, nil
}

func (e *session) answer(o offer) (string, error) {
	if err := e.pc.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeOffer, SDP: o.sdp}); err != nil {
		return "", errors.Join(bad("it cannot be taken"), err)
	}
	for _, kind := range o.kinds {
		codec := webrtc.RTPCodecCapability{MimeType: o.video, ClockRate: 90000}
		if kind == "audio" {
			codec = opus
		}
		if err := e.sendBack(kind, codec); err != nil {
			return "", fmt.Errorf("add the echo's %s: %w", kind, err)
		}
	}
	answer, err := e.pc.CreateAnswer(nil)
	if err != nil {
		return "", errors.Join(bad("there is no answer to it"), err)
	}
	gathered := webrtc.GatheringCompletePromise(e.pc)
	if err := e.pc.SetLocalDescription(answer); err != nil {
		return "", errors.Join(bad("there is no answer to it"), err)
	}
	<-gathered // there is one candidate, the port
	return e.pc.LocalDescription().SDP, nil
}

// sendBack adds the track on which a kind of media goes back.
func (e *session) sendBack(kind string, codec webrtc.RTPCodecCapability) error {
	track, err := webrtc.NewTrackLocalStaticRTP(codec, kind, "echo")
	if err != nil {
		return err
	}
	sender, err := e.pc.AddTrack(track)
	if err != nil {
		return err
	}
	e.back[track.Kind()] = track
	e.copying.Go(func() { e.listen(sender) })
	return nil
}

// listen takes what the browser reports of what it got, and passes on that it needs a whole picture.
func (e *session) listen(sender *webrtc.RTPSender) {
	for {
		reports, _, err := sender.ReadRTCP()
		if err != nil {
			return
		}
		for _, r := range reports {
			switch r.(type) {
			case *rtcp.PictureLossIndication, *rtcp.FullIntraRequest:
				e.askForPicture()
			}
		}
	}
}

func (e *session) askForPicture() {
	now := e.clock.Now()
	e.mu.Lock()
	stream, ok := e.from[webrtc.RTPCodecTypeVideo]
	if ok = ok && now.Sub(e.asked) >= keyframeEvery; ok {
		e.asked = now
	}
	e.mu.Unlock()
	if ok { // what cannot be written now is asked for again
		_ = e.pc.WriteRTCP([]rtcp.Packet{&rtcp.PictureLossIndication{MediaSSRC: uint32(stream)}})
	}
}

// copy sends a stream back, packet by packet, until the connection ends. Of each kind that is the first stream.
func (e *session) copy(stream *webrtc.TrackRemote) {
	back := e.back[stream.Kind()]
	if back == nil || !e.isFirst(stream) {
		return
	}
	defer e.copying.Done()
	for {
		packet, _, err := stream.ReadRTP()
		if err != nil {
			return
		}
		packet.Extension, packet.Extensions, packet.CSRC = false, nil, nil // those say how it came
		if err := back.WriteRTP(packet); err != nil {
			return
		}
	}
}

// isFirst tells whether a stream is the one of its kind to copy, and counts in who copies it.
func (e *session) isFirst(stream *webrtc.TrackRemote) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	if _, had := e.from[stream.Kind()]; had || e.ended {
		return false
	}
	e.from[stream.Kind()] = stream.SSRC()
	e.copying.Add(1)
	return true
}

// run waits until the echo is over, and ends it.
func (e *session) run(asked, server context.Context, lasts time.Duration) {
	late := time.NewTimer(lasts)
	defer late.Stop()
	select {
	case <-asked.Done():
	case <-server.Done():
	case <-e.over:
	case <-late.C:
	}
	e.end()
}

// end closes the connection and waits for all that it began.
func (e *session) end() {
	e.mu.Lock()
	e.ended = true
	e.mu.Unlock()
	_ = e.pc.GracefulClose() // whatever it could not close is gone with it
	e.copying.Wait()
}

var _ signaling.Echo = (*Server)(nil)
