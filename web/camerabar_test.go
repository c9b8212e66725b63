package web

import (
	"fmt"
	"slices"
	"testing"
)

// TestTheLightOfACamera: an owner's call has a button for it where the camera has one, and it goes out with its camera.
// The browser's test camera has none, so that its words are put into its mouth.
func TestTheLightOfACamera(t *testing.T) {
	if testing.Short() {
		t.Skip("starts a browser")
	}
	ctx := browser(t)
	w, server := site(t)
	open(t, ctx, server.URL+"/room/waiting?lang=ko")
	url, _ := w.assets.url("js/camerabar.js")
	got := evaluate[[]string](t, ctx, fmt.Sprintf(`import(%q).then(async ({ CameraBar }) => {
		document.querySelector('.call').dataset.entered = 'true';
		const said = [], light = document.querySelector('[data-camera-light]'), settled = () => new Promise((go) => setTimeout(go));
		const say = () => said.push(light.checkVisibility() ? light.getAttribute('aria-pressed') : 'hidden');
		const stream = await navigator.mediaDevices.getUserMedia({ video: true });
		const bar = new CameraBar(() => stream, () => said.push('another camera'));
		say();
		MediaStreamTrack.prototype.getCapabilities = () => ({ torch: true });
		MediaStreamTrack.prototype.applyConstraints = async ({ advanced: [{ torch }] }) => { if (refuses) throw new Error('no'); said.push('torch ' + torch); };
		let refuses = false;
		await bar.show();
		for (const press of [1, 2, 3]) { say(); light.click(); await settled(); }
		say();
		await bar.cameras.face('user');
		say();
		refuses = true;
		light.click(); await settled();
		say();
		refuses = false;
		light.click(); await settled();
		say();
		const [old] = stream.getVideoTracks(), [anew] = (await navigator.mediaDevices.getUserMedia({ video: true })).getTracks();
		old.stop(); stream.removeTrack(old); stream.addTrack(anew); // as after an interruption
		await bar.show();
		say();
		for (const track of stream.getTracks()) track.stop();
		return said;
	})`, url))
	want := []string{"hidden", "false", "torch true", "true", "torch false", "false", "torch true", "true", "another camera", "false", "false", "torch true", "true", "false"}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}
