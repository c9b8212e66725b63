package echo

import (
	"fmt"
	"strings"

	"github.com/pion/webrtc/v4"

	"vetroom/signaling"
)

// What an offer has at most. Those of browsers have under 10 KB and 300 lines.
const (
	maxOffer = 32 << 10 // bytes
	maxLines = 1000
)

// offer is one that can be answered.
type offer struct {
	sdp   string   // without its candidates: none is ever sent to first
	kinds []string // "audio", "video"; or one of them
	video string   // the codec's MIME type, or ""
}

func bad(format string, args ...any) error {
	return fmt.Errorf("%w: "+format, append([]any{signaling.ErrBadOffer}, args...)...)
}

// readOffer refuses what a check has no use for, before anything is built for it.
func readOffer(sdp string) (offer, error) {
	if len(sdp) > maxOffer || strings.Count(sdp, "\n") > maxLines {
		return offer{}, bad("it has more than %d bytes or %d lines", maxOffer, maxLines)
	}
	o := offer{sdp: withoutCandidates(sdp)}
	parsed, err := (&webrtc.SessionDescription{Type: webrtc.SDPTypeOffer, SDP: o.sdp}).Unmarshal()
	if err != nil {
		return offer{}, bad("it is not SDP")
	}
	if _, lite := parsed.Attribute("ice-lite"); lite {
		return offer{}, bad("an ICE-lite client cannot be checked")
	}
	if len(parsed.MediaDescriptions) == 0 {
		return offer{}, bad("it has neither audio nor video")
	}
	for _, m := range parsed.MediaDescriptions {
		attributes := map[string][]string{}
		for _, a := range m.Attributes {
			attributes[a.Key] = append(attributes[a.Key], a.Value)
		}
		if attributes["candidate"] != nil { // in a line that pion begins where we do not
			return offer{}, bad("a candidate does not stand in a line of its own")
		}
		if err := o.add(m.MediaName.Media, m.MediaName.Port.Value, attributes); err != nil {
			return offer{}, err
		}
	}
	return o, nil
}

// add takes one media section.
func (o *offer) add(kind string, port int, attributes map[string][]string) error {
	switch {
	case kind != "audio" && kind != "video":
		return bad("it has a section of %.20q: a check takes audio and video, and no data channel", kind)
	case len(o.kinds) > 0 && o.kinds[0] == kind || len(o.kinds) > 1:
		return bad("it has more than one section of %s", kind)
	case port == 0:
		return bad("its section of %s is rejected", kind)
	}
	for _, key := range []string{"sendonly", "recvonly", "inactive", "simulcast", "rid"} {
		if attributes[key] != nil {
			return bad("a section of %s has a=%s: what is sent back is one stream, both ways", kind, key)
		}
	}
	o.kinds = append(o.kinds, kind)
	codecs := codecsIn(attributes["rtpmap"])
	switch {
	case kind == "audio" && !codecs["opus/48000/2"]:
		return bad("it has no Opus")
	case kind == "audio":
	case codecs["vp8/90000"]:
		o.video = webrtc.MimeTypeVP8
	case codecs["h264/90000"]:
		o.video = webrtc.MimeTypeH264
	default:
		return bad("it has neither VP8 nor H.264")
	}
	return nil
}

func codecsIn(rtpmaps []string) map[string]bool {
	codecs := map[string]bool{}
	for _, m := range rtpmaps {
		_, codec, _ := strings.Cut(m, " ")
		codecs[strings.ToLower(strings.TrimSpace(codec))] = true
	}
	return codecs
}

func withoutCandidates(sdp string) string {
	var kept strings.Builder
	for line := range strings.Lines(sdp) {
		if !strings.HasPrefix(line, "a=candidate:") && !strings.HasPrefix(line, "a=end-of-candidates") {
			kept.WriteString(line)
		}
	}
	return kept.String()
}
