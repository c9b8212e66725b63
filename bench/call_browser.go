package main

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"

	"vetroom/web/webtest/chromium"
)

// seat is one Chromium with a camera and a microphone that only pretend, and one page in it.
type seat struct {
	ctx context.Context
}

// newSeat starts a browser, which ends with the lab.
func (l *lab) newSeat(name string, width, height int64) (*seat, error) {
	options, err := chromium.Options(chromedp.UserDataDir(filepath.Join(l.dir, "browser-"+name)),
		chromedp.Flag("disable-features", "WebRtcHideLocalIpsWithMdns"), chromedp.Flag("autoplay-policy", "no-user-gesture-required"))
	if err != nil {
		return nil, err
	}
	allocator, stop := chromedp.NewExecAllocator(l.ctx, options...)
	ctx, end := chromedp.NewContext(allocator)
	l.onClose(func() error { end(); stop(); return nil })
	s := &seat{ctx}
	return s, s.do(time.Minute, chromedp.EmulateViewport(width, height), chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		_, err := cdp.Call(ctx, t, page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{Source: watchCall})
		return err
	}))
}

// watchCall notes when the page's socket heard that the door is open, before the page itself does, and when the first
// frame of the other side was presented. The pages know nothing of it.
const watchCall = `(() => {
	const seen = window.benchCall = {open: 0, frame: 0};
	window.WebSocket = class extends window.WebSocket {
		constructor(...args) {
			super(...args);
			this.addEventListener('message', ({data}) => {
				const now = performance.now();
				if (!seen.open && data.includes('"type":"room"') && data.includes('"state":"open"')) seen.open = now;
			});
		}
	};
	document.addEventListener('DOMContentLoaded', () => {
		document.querySelector('[data-remote]')?.requestVideoFrameCallback(() => { seen.frame = performance.now(); });
	});
})()`

// do runs steps, and bounds the time that they may take.
func (s *seat) do(within time.Duration, steps ...chromedp.Action[chromedp.Void]) error {
	if _, err := chromedp.Run(s.ctx, chromedp.Evaluate[bool]("true")); err != nil { // the browser must not end with a bound
		return err
	}
	ctx, cancel := context.WithTimeout(s.ctx, within)
	defer cancel()
	return chromedp.Do(ctx, steps...)
}

// open goes to a page, with a cookie (name=value) if one is given.
func (s *seat) open(url, cookie string) error {
	name, value, _ := strings.Cut(cookie, "=")
	return s.do(30*time.Second, chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		if cookie == "" {
			return nil
		}
		_, err := cdp.Call(ctx, t, network.SetCookie, network.SetCookieParams{Name: name, Value: value, URL: url})
		return err
	}), chromedp.Navigate(url))
}

// awaits polls a script until it gives true.
func (s *seat) awaits(ctx context.Context, within time.Duration, what, script string) error {
	for deadline := time.Now().Add(within); ; {
		ok, err := chromedp.Run(s.ctx, chromedp.Evaluate[bool]("Boolean("+script+")"))
		if err == nil && ok {
			return nil
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("%s: not within %v (%v)", what, within, err)
		}
		if err := sleep(ctx, 50*time.Millisecond); err != nil {
			return err
		}
	}
}

// took gives how long the page needed from the open door to the first frame.
func (s *seat) took(ctx context.Context) (time.Duration, error) {
	if err := s.awaits(ctx, 20*time.Second, "the first frame", `benchCall.open && benchCall.frame`); err != nil {
		return 0, err
	}
	ms, err := chromedp.Run(s.ctx, chromedp.Evaluate[float64](`benchCall.frame - benchCall.open`))
	return time.Duration(ms * float64(time.Millisecond)), err
}
