package web

import (
	"fmt"
	"strconv"
	"strings"
	"testing"
)

// offerOf is an offer of sound and picture in one bundle as aiortc 1.4 makes it, with what its header extensions mean.
func offerOf(sound, picture string) string {
	section := func(mid int, kind, codec, extensions string) string {
		return fmt.Sprintf(`m=%s 9 UDP/TLS/RTP/SAVPF 9%d
c=IN IP4 0.0.0.0
a=sendrecv
%sa=mid:%d
a=rtcp:9 IN IP4 0.0.0.0
a=rtcp-mux
a=rtpmap:9%d %s
a=ice-ufrag:ufrg
a=ice-pwd:0123456789abcdefghijkl
a=fingerprint:sha-256 %s
a=setup:actpass
`, kind, 6+mid, extensions, mid, 6+mid, codec, strings.TrimSuffix(strings.Repeat("AB:", 32), ":"))
	}
	return strings.ReplaceAll("v=0\no=- 1 1 IN IP4 0.0.0.0\ns=-\nt=0 0\na=group:BUNDLE 0 1\na=msid-semantic:WMS *\n"+
		section(0, "audio", "opus/48000/2", sound)+section(1, "video", "VP8/90000", picture), "\n", "\r\n")
}

// TestOneMeaning: what a peer of another kind numbers twice is no reason not to meet it; what is right stays as it is.
func TestOneMeaning(t *testing.T) {
	if testing.Short() {
		t.Skip("starts a browser")
	}
	const mid, level, sent = "urn:ietf:params:rtp-hdrext:sdes:mid", "urn:ietf:params:rtp-hdrext:ssrc-audio-level",
		"http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time"
	ctx := browser(t)
	w, server := site(t)
	open(t, ctx, server.URL+"/callcheck/owner?lang=en")
	answers := func(offer, through string) string {
		return evaluate[string](t, ctx, `(async () => {
			const { oneMeaning } = await import(`+module(t, w, "js/extmap.js")+`);
			const pc = new RTCPeerConnection();
			try {
				await pc.setRemoteDescription((`+through+`)({ type: 'offer', sdp: `+strconv.Quote(offer)+` }));
				await pc.setLocalDescription();
				const extensions = (section) => [...section.matchAll(/a=extmap:(.*)/g)].map(([, e]) => e).sort();
				return pc.localDescription.sdp.split('\r\nm=').slice(1)
					.map((section) => [section.match(/\w+/)[0], ...extensions(section)].join(' ')).join('; ');
			} catch (error) {
				return error.name;
			} finally {
				pc.close();
			}
		})()`)
	}
	twice := offerOf("a=extmap:1 "+mid+"\n"+"a=extmap:2 "+level+"\n", "a=extmap:1 "+mid+"\n"+"a=extmap:2/sendrecv "+sent+"\n")
	once := offerOf("a=extmap:1 "+mid+"\n"+"a=extmap:2 "+level+"\n", "a=extmap:1 "+mid+"\n"+"a=extmap:3 "+sent+"\n")
	for name, c := range map[string]struct{ offer, through, want string }{
		"as it comes":        {twice, "(d) => d", "InvalidAccessError"},
		"with one meaning":   {twice, "oneMeaning", "audio 1 " + mid + " 2 " + level + "; video 1 " + mid},
		"that was right":     {once, "oneMeaning", "audio 1 " + mid + " 2 " + level + "; video 1 " + mid + " 3 " + sent},
		"that was untouched": {once, "(d) => d", "audio 1 " + mid + " 2 " + level + "; video 1 " + mid + " 3 " + sent},
	} {
		if got := answers(c.offer, c.through); got != c.want {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
	}
}
