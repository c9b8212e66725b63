package echo_test

import (
	"errors"
	"os"
	"strings"
	"testing"

	"vetroom/signaling"
	"vetroom/signaling/echo"
)

// chromium is an offer of Chromium, with audio, video and a data channel's section at the end.
func chromium(t testing.TB) (media, data string) {
	t.Helper()
	text, err := os.ReadFile("testdata/chromium.sdp")
	if err != nil {
		t.Fatal(err)
	}
	at := strings.Index(string(text), "m=application")
	return strings.ReplaceAll(string(text[:at]), "\n", "\r\n"), strings.ReplaceAll(string(text[at:]), "\n", "\r\n")
}

// TestOffersThatAreRefused: each says why, and none is built anything for.
func TestOffersThatAreRefused(t *testing.T) {
	good, data := chromium(t)
	video := good[strings.Index(good, "m=video"):]
	for why, change := range map[string]func(string) string{
		"it is not SDP":            func(string) string { return "hello" },
		"neither audio nor video":  func(s string) string { return s[:strings.Index(s, "m=audio")] },
		"no data channel":          func(s string) string { return s + data },
		"more than one section of": func(s string) string { return s + video },
		"is rejected":              func(s string) string { return strings.Replace(s, "m=video 9", "m=video 0", 1) },
		"a=recvonly":               func(s string) string { return strings.Replace(s, "a=sendrecv", "a=recvonly", 1) },
		"a=inactive":               func(s string) string { return strings.Replace(s, "a=sendrecv", "a=inactive", 1) },
		"a=simulcast":              func(s string) string { return s + "a=simulcast:send a;b\r\n" },
		"a=rid":                    func(s string) string { return s + "a=rid:a send\r\n" },
		"it has no Opus":           func(s string) string { return strings.ReplaceAll(s, "opus/48000/2", "opus/16000/1") },
		"neither VP8 nor H.264": func(s string) string {
			return strings.ReplaceAll(strings.ReplaceAll(s, " VP8/", " VP7/"), " H264/", " H261/")
		},
		"an ICE-lite client":        func(s string) string { return strings.Replace(s, "m=audio", "a=ice-lite\r\nm=audio", 1) },
		"in a line of its own":      func(s string) string { return s + "\ra=candidate:1 1 udp 2130706431 192.0.2.1 9 typ host\r\n" },
		"more than 32768 bytes":     func(s string) string { return s + strings.Repeat("a=x:"+strings.Repeat("y", 1000)+"\r\n", 33) },
		"32768 bytes or 1000 lines": func(s string) string { return s + strings.Repeat("a=x\r\n", 1001) },
	} {
		s := running(t, echo.Config{})
		_, err := s.Answer(t.Context(), "a", change(good))
		if !errors.Is(err, signaling.ErrBadOffer) || !strings.Contains(err.Error(), why) {
			t.Errorf("%s: %v", why, err)
		}
		if n := s.Stats(); n.BadOffers != 1 || n.Begun != 0 || n.Running != 0 {
			t.Errorf("%s: counted %+v", why, n)
		}
	}
	if err := echo.ReadOffer(good); err != nil {
		t.Error(err)
	}
}

// FuzzOffers: whatever an offer is, it is answered or refused as a bad one, nothing panics and nothing stays.
func FuzzOffers(f *testing.F) {
	good, data := chromium(f)
	f.Add(good)
	f.Add(good + data)
	for _, without := range []string{"a=fingerprint", "a=ice-ufrag", "a=mid", "a=rtpmap", "a=group", "a=setup", "a=ssrc", "a=fmtp", "c=", "a=extmap", "a=ssrc-group", "a=rtcp-mux"} {
		f.Add(strings.ReplaceAll(good, without, "a=nothing"))
	}
	f.Add(strings.ReplaceAll(good, "sha-256", "md5"))
	f.Add(strings.ReplaceAll(good, "a=ssrc:", "a=ssrc:-"))
	f.Add(strings.ReplaceAll(good, "actpass", "holdconn"))
	f.Fuzz(func(t *testing.T, sdp string) {
		s := running(t, echo.Config{})
		_, err := s.Answer(t.Context(), "a", sdp)
		if err != nil && !errors.Is(err, signaling.ErrBadOffer) {
			t.Errorf("%v for\n%s", err, sdp)
		}
		if n := s.Stats(); (err == nil) != (n.Running == 1) || (err == nil) != (n.BadOffers == 0) {
			t.Errorf("%v: counted %+v", err, n)
		}
	})
}
