//go:build long

package main

import (
	"testing"
	"time"
)

// TestAPhotoOutlivesItsPath: the phone's network goes away in the midst of a photo, for longer than either side waits for the
// other, and another comes; the photo arrives whole and once.
func TestAPhotoOutlivesItsPath(t *testing.T) {
	if !inOwnNetwork(t) {
		return
	}
	c := newFarCall(t)
	for _, b := range c.both() {
		b.holds(10*time.Second, "can have photos", `[...document.querySelectorAll('[data-still-ask], [data-chat-photo]')].every((e) => !e.disabled)`)
	}
	// The browser's test camera is small, and what it sees is soon sent.
	eval[bool](c.phoneTab, `(async () => {
		const canvas = Object.assign(document.createElement('canvas'), { width: 1600, height: 1200 }), at = canvas.getContext('2d');
		for (let i = 0; i < 20000; i++) {
			at.fillStyle = 'hsl(' + Math.random() * 360 + ' 80% ' + Math.random() * 100 + '%)';
			at.fillRect(Math.random() * 1600, Math.random() * 1200, 20, 20);
		}
		const photo = await new Promise((done) => canvas.toBlob(done, 'image/jpeg', 0.9));
		ImageCapture.prototype.takePhoto = async () => photo;
		return true;
	})()`)
	c.wifi.limit(1000) // slow enough to be cut in the midst
	c.vetTab.click(`[data-still-ask]`)
	c.phoneTab.holds(10*time.Second, "is asked for a photo", stillSheet+`.open && document.querySelector('[data-still-video]').videoWidth > 0`)
	c.phoneTab.click(`[data-still-shutter]`)
	const part = `document.querySelector('[data-still-sheet] progress').value`
	c.phoneTab.holds(30*time.Second, "has sent a part", stillSheet+`.dataset.state === 'sending' && `+part+` > 0.1 && `+part+` < 0.9`)
	began := time.Now()
	c.cut(c.wifi.down)
	c.Logf("cut with %.0f %% on its way", 100*eval[float64](c.phoneTab, part))
	c.mobile.up()
	c.phoneTab.holds(60*time.Second, "hears that it is stored", stillSheet+`.dataset.state === 'kept'`)
	c.Logf("stored %v after the cut", time.Since(began).Round(100*time.Millisecond))
	c.vetTab.holds(5*time.Second, "sees it", viewing)
	if n := eval[int](c.vetTab, `document.querySelectorAll('[data-still-strip] img').length`); n != 1 {
		t.Errorf("the vet has %d photos", n)
	}
}
