package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
)

// A witness sits in a page and writes down, by the page's own clock, when each picture of the peer was shown and when each
// message came over the socket, and each word in the chat: what is asked of it later depends neither on how often, nor on how soon, a test looks.
const witness = `(() => {
	const now = () => performance.timeOrigin + performance.now();
	const witness = window.witness = {pictures: [], messages: []};
	window.WebSocket = class extends WebSocket {
		constructor(...given) {
			super(...given);
			this.addEventListener('message', ({data}) => {
				const {type, state, text, role, data: signal, peer} = JSON.parse(data);
				witness.messages.push({At: now(), Type: type, Seat: Boolean(role), State: state ?? '', Text: text ?? peer ?? kind(signal)});
			});
		}
		send(message) {
			super.send(message);
			const {type, data: signal} = JSON.parse(message);
			if (signal) witness.messages.push({At: now(), Type: 'sent', Text: kind(signal)});
		}
	};
	const kind = (signal) => signal?.description?.type ?? signal?.candidate?.candidate ?? '';
	document.addEventListener('DOMContentLoaded', () => {
		const video = document.querySelector('[data-remote]');
		const shown = () => { witness.pictures.push(now()); video.requestVideoFrameCallback(shown) };
		video?.requestVideoFrameCallback(shown);
		const list = document.querySelector('[data-chat-list]');
		const read = (added) => { for (const {textContent} of added) witness.messages.push({At: now(), Type: 'read', Text: textContent}) };
		if (list) new MutationObserver((all) => all.forEach((one) => read(one.addedNodes))).observe(list, {childList: true});
	});
})()`

// beforeEachPage runs a script in each page that is opened from now on, before the page's own.
func (b *tab) beforeEachPage(script string) {
	b.t.Helper()
	b.do(func(ctx context.Context, target *chromedp.Target) (chromedp.Void, error) {
		_, err := cdp.Call(ctx, target, page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{Source: script})
		return chromedp.Void{}, err
	})
}

func pageTime(ms float64) time.Time { return time.UnixMicro(int64(ms * 1000)) }

// pictures gives when pictures of the peer were shown since a time, the first at or after it first.
func (b *tab) pictures(since time.Time) []time.Time {
	b.t.Helper()
	list := eval[[]float64](b, fmt.Sprintf(`window.witness.pictures.filter((at) => at >= %d)`, since.UnixMilli()))
	times := make([]time.Time, len(list))
	for i, at := range list {
		times[i] = pageTime(at)
	}
	return times
}

// showsSince waits until so many pictures were shown since a time, and gives when the first of them was.
func (b *tab) showsSince(since time.Time, pictures int, within time.Duration) (first time.Time) {
	b.t.Helper()
	eventually(b.t, within, fmt.Sprintf("%s shows %d pictures", b.name, pictures), func() error {
		shown := b.pictures(since)
		if len(shown) < pictures {
			return fmt.Errorf("%d were shown", len(shown))
		}
		first = shown[0]
		return nil
	})
	return first
}

// stoodStill gives the longest time without a new picture, from a time until now.
func (b *tab) stoodStill(since time.Time) (longest time.Duration) {
	b.t.Helper()
	last := since
	for _, at := range append(b.pictures(since), pageTime(eval[float64](b, `performance.timeOrigin + performance.now()`))) {
		longest = max(longest, at.Sub(last))
		last = at
	}
	return longest
}

// message is what a witness keeps of one that came over the socket.
type message struct {
	At          float64
	Type        string
	Seat        bool // a room message to whoever has a seat
	State, Text string
}

// told waits for a message since a time, and gives when the first such came.
func (b *tab) told(since time.Time, within time.Duration, what string, is func(message) bool) (at time.Time) {
	b.t.Helper()
	eventually(b.t, within, b.name+" is told "+what, func() error {
		for _, m := range eval[[]message](b, `window.witness.messages`) {
			if at = pageTime(m.At); !at.Before(since) && is(m) {
				return nil
			}
		}
		return errors.New("not told")
	})
	return at
}

// hearEachOther fails unless in both pages pictures and sound of the other go on.
func hearEachOther(both [2]*tab) {
	both[0].t.Helper()
	var first [2]media
	for i, b := range both {
		first[i] = eval[media](b, readStats)
	}
	for i, b := range both {
		b.hearsSince(first[i], 20*time.Second, 20)
	}
}

// tellsWhy puts into the log of a test that failed how the page's connection stands, and what the two said to each other.
func (b *tab) tellsWhy() {
	if !b.t.Failed() {
		return
	}
	story, err := chromedp.Run(b.ctx, chromedp.Evaluate[string](`(() => {
		const pc = window.vetroomPeer;
		const lines = witness.messages.filter((m) => m.Type !== 'pong').map((m) => [new Date(m.At).toISOString().slice(17, 23), m.Type, m.State, m.Text].join(' '));
		const last = new Date(witness.pictures.at(-1) ?? 0).toISOString();
		return [location.href, document.documentElement.dataset.call, pc?.connectionState, pc?.iceConnectionState, pc?.signalingState,
			witness.pictures.length + ' pictures, the last at ' + last, ...lines.slice(-80)].join('\n');
	})()`))
	b.t.Logf("%s: %v %s", b.name, err, story)
}
