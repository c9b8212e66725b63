package echo

import (
	"fmt"
	"time"

	"github.com/pion/ice/v4"
	"github.com/pion/interceptor"
	"github.com/pion/interceptor/pkg/report"
	"github.com/pion/webrtc/v4"

	"vetroom/signaling/pionlog"
)

// When a browser that is silent is taken to be gone. Browsers check a path at least every few seconds (RFC 7675).
const (
	silentAfter = 6 * time.Second
	goneAfter   = 6 * time.Second // and that long after
	aliveEvery  = 2 * time.Second
)

// reportEvery is how often browsers are told what arrived: their round trip and loss come of that.
const reportEvery = 500 * time.Millisecond

var opus = webrtc.RTPCodecCapability{MimeType: webrtc.MimeTypeOpus, ClockRate: 48000, Channels: 2, SDPFmtpLine: "minptime=10;useinbandfec=1"}

// newConnection makes one that can answer an offer.
func (s *Server) newConnection(p *port, o offer) (*webrtc.PeerConnection, error) {
	media, err := mediaFor(o)
	if err != nil {
		return nil, fmt.Errorf("name the echo's codecs: %w", err)
	}
	between, err := reports(media)
	if err != nil {
		return nil, fmt.Errorf("set up the echo's reports: %w", err)
	}
	api := webrtc.NewAPI(webrtc.WithMediaEngine(media), webrtc.WithInterceptorRegistry(between), webrtc.WithSettingEngine(s.settings(p)))
	pc, err := api.NewPeerConnection(webrtc.Configuration{})
	if err != nil {
		return nil, fmt.Errorf("make an echo: %w", err)
	}
	return pc, nil
}

func (s *Server) settings(p *port) webrtc.SettingEngine {
	settings := webrtc.SettingEngine{LoggerFactory: pionlog.Factory{Log: s.cfg.Log}}
	settings.SetLite(true)
	settings.SetICEUDPMux(newGate(p, s.cfg))
	settings.SetICEMulticastDNSMode(ice.MulticastDNSModeDisabled)
	settings.DisableActiveTCP(true)
	settings.SetIncludeLoopbackCandidate(s.cfg.Public.IsLoopback())
	settings.SetICETimeouts(silentAfter, goneAfter, aliveEvery)
	network := webrtc.NetworkTypeUDP4
	if s.cfg.Public.Is6() {
		network = webrtc.NetworkTypeUDP6
	}
	settings.SetNetworkTypes([]webrtc.NetworkType{network})
	return settings
}

// mediaFor names one codec for each kind, so that what comes is what goes back. There is no retransmission: what was lost
// stays lost, and is seen.
func mediaFor(o offer) (*webrtc.MediaEngine, error) {
	media := &webrtc.MediaEngine{}
	if err := media.RegisterCodec(webrtc.RTPCodecParameters{RTPCodecCapability: opus, PayloadType: 111}, webrtc.RTPCodecTypeAudio); err != nil {
		return nil, err
	}
	profiles := map[string][]string{
		webrtc.MimeTypeVP8: {""},
		webrtc.MimeTypeH264: {
			"level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f",
			"level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42001f",
			"level-asymmetry-allowed=1;packetization-mode=0;profile-level-id=42e01f",
		},
	}
	for i, profile := range profiles[o.video] {
		codec := webrtc.RTPCodecParameters{
			RTPCodecCapability: webrtc.RTPCodecCapability{
				MimeType: o.video, ClockRate: 90000, SDPFmtpLine: profile,
				RTCPFeedback: []webrtc.RTCPFeedback{{Type: "ccm", Parameter: "fir"}, {Type: "nack", Parameter: "pli"}},
			},
			PayloadType: webrtc.PayloadType(96 + i),
		}
		if err := media.RegisterCodec(codec, webrtc.RTPCodecTypeVideo); err != nil {
			return nil, err
		}
	}
	return media, nil
}

// reports has the browser told what of its media arrived and when, by which it knows the path and how much it may send.
func reports(media *webrtc.MediaEngine) (*interceptor.Registry, error) {
	registry := &interceptor.Registry{}
	receiver, err := report.NewReceiverInterceptor(report.ReceiverInterval(reportEvery))
	if err != nil {
		return nil, err
	}
	sender, err := report.NewSenderInterceptor(report.SenderInterval(reportEvery))
	if err != nil {
		return nil, err
	}
	registry.Add(receiver)
	registry.Add(sender)
	return registry, webrtc.ConfigureTWCCSender(media, registry)
}
