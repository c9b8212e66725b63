package main

import (
	"bytes"
	"fmt"
	"image/jpeg"
	"io"
	"math"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
)

// photos are those who take and look at photos in a call.
type photos struct {
	called
	*testing.T
}

// meet brings a vet and an owner into an open room. before runs in each of their pages before its own scripts.
func meet(t *testing.T, login, before string) photos {
	t.Helper()
	dir := t.TempDir()
	p := serve(t, dir, nil)
	api := addVet(t, p, dir, nil, login)
	vet, owner := visitTabs(t, p, login)
	visit, room := openRoom(api)
	owner.open(visit.at("link"))
	for _, b := range []*tab{vet, owner} {
		b.before(before)
		b.open(p.url + "/room?id=" + room)
		b.holds(15*time.Second, "is in the room", `document.querySelector('.call').dataset.entered === 'true'`)
		b.holds(10*time.Second, "can have photos", `[...document.querySelectorAll('[data-still-ask], [data-chat-photo]')].every((e) => !e.disabled)`)
	}
	return photos{called{vet, owner, api, p, dir, visit}, t}
}

// before has a script run in each page before its own.
func (b *tab) before(script string) {
	b.t.Helper()
	_, err := chromedp.Call(b.ctx, page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{Source: script})
	if err != nil {
		b.t.Fatal(err)
	}
}

// stills are those of the visit, by the API.
func (c photos) stills() (all []object) {
	c.Helper()
	list, _ := c.api.want(200, "GET", "/api/v1/reservations/"+c.visit.at("id")+"/stills", nil)["stills"].([]any)
	for _, one := range list {
		all = append(all, object(one.(map[string]any)))
	}
	return all
}

// photo gives the bytes of a still.
func (c photos) photo(s object) []byte {
	c.Helper()
	answer, err := c.api.http.Get(c.p.url + s.at("photo"))
	if err != nil {
		c.Fatal(err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil || answer.StatusCode != http.StatusOK || answer.Header.Get("Cache-Control") != "private, no-store" {
		c.Fatalf("%s: %v, %s, %v", s.at("photo"), err, answer.Status, answer.Header)
	}
	return body
}

// asks has the vet ask for a photo, and the owner take it.
func (c photos) asks() {
	c.Helper()
	c.vet.click(`[data-still-ask]`)
	c.owner.holds(10*time.Second, "is asked for a photo", stillSheet+`.open && `+stillSheet+`.dataset.state === 'aim' && document.querySelector('[data-still-video]').videoWidth > 0`)
	c.vet.holds(5*time.Second, "hears that it is taken", stillSaid+` === '보호자가 찍고 있어요'`)
	c.owner.shot("shutter")
	c.owner.click(`[data-still-shutter]`)
}

// at is where the middle of the viewer lies in the photo, and how much larger the photo is than the viewer.
type at struct{ X, Y, Larger float64 }

func (a at) near(b at) bool {
	return math.Abs(a.X-b.X) < 0.01 && math.Abs(a.Y-b.Y) < 0.01
}

const (
	stillSheet = `document.querySelector('[data-still-sheet]')`
	stillSaid  = `document.querySelector('[data-still-said]').textContent`
	viewing    = `!document.querySelector('[data-viewer]').hidden && document.querySelector('[data-viewer] img').naturalWidth > 0`
	seenPart   = `(() => {
		const photo = document.querySelector('[data-viewer-photo]').getBoundingClientRect(), pane = document.querySelector('[data-viewer-pane]').getBoundingClientRect();
		return {X: (pane.left + pane.width / 2 - photo.left) / photo.width, Y: (pane.top + pane.height / 2 - photo.top) / photo.height, Larger: photo.width / pane.width};
	})()`
	marksShown = `[...document.querySelectorAll('[data-viewer-marks] .mark-line')].map((line) => line.getAttribute('d')).join(' ')`
)

// drags moves the mouse over the viewer, from one place of it to another, 0 to 1.
func (b *tab) drags(x1, y1, x2, y2 float64) {
	b.t.Helper()
	eval[bool](b, fmt.Sprintf(`(() => {
		const pane = document.querySelector('[data-viewer-pane]'), at = pane.getBoundingClientRect();
		pane.setPointerCapture = () => {};
		const tell = (type, x, y) => pane.dispatchEvent(new PointerEvent(type, {bubbles: true, pointerId: 1, button: 0, clientX: at.left + x * at.width, clientY: at.top + y * at.height}));
		tell('pointerdown', %[1]g, %[2]g);
		for (let i = 1; i <= 20; i++) tell('pointermove', %[1]g + (%[3]g - %[1]g) * i / 20, %[2]g + (%[4]g - %[2]g) * i / 20);
		tell('pointerup', %[3]g, %[4]g);
		return true;
	})()`, x1, y1, x2, y2))
}

// TestAVetAsksForAPhoto: taken by the owner's camera at its full resolution, from browser to browser, seen at once, stored
// without metadata, looked at and drawn on by the vet live for both, screened, and in both records.
func TestAVetAsksForAPhoto(t *testing.T) {
	c := meet(t, "stills", `window.frames = []; {
		const real = RTCDataChannel.prototype.send;
		RTCDataChannel.prototype.send = function (data) { if (this.label === 'file') window.frames.push(data.byteLength); return real.call(this, data) };
	}`)
	vet, owner := c.vet, c.owner
	for _, b := range []*tab{vet, owner} {
		b.holds(20*time.Second, "is connected", connected+` && window.vetroomPeer.sctp?.state === 'connected'`)
	}
	vet.click(`[data-still-ask]`)
	owner.holds(10*time.Second, "is asked for a photo", stillSheet+`.open`)
	owner.click(`[data-still-close]`)
	vet.holds(5*time.Second, "hears that there will be none", stillSaid+` === '보호자가 지금은 어렵다고 해요'`)
	vet.click(`[data-still-ask]`)
	owner.holds(10*time.Second, "is asked again", stillSheet+`.open`)
	vet.click(`[data-still-cancel]`)
	owner.holds(5*time.Second, "is not asked any more", `!`+stillSheet+`.open`)
	c.asks()
	vet.holds(15*time.Second, "sees the photo", viewing)
	vet.holds(15*time.Second, "hears that it is stored", stillSaid+` === '저장됨'`)
	owner.holds(15*time.Second, "hears that it is stored", stillSheet+`.dataset.state === 'kept' && document.querySelector('[data-still-words]').textContent === '저장됨'`)
	owner.shot("kept")
	owner.click(`[data-still-close]`)
	vet.shot("viewer")

	all := c.stills()
	if len(all) != 1 || all[0].at("by") != "vet" {
		t.Fatalf("stored are %v", all)
	}
	body := c.photo(all[0])
	size, err := jpeg.DecodeConfig(bytes.NewReader(body))
	if err != nil || bytes.Contains(body, []byte("Exif")) || fmt.Sprint(size.Width, size.Height) != fmt.Sprint(all[0]["width"], all[0]["height"]) {
		t.Errorf("stored is %d by %d, said to be %v by %v, %v", size.Width, size.Height, all[0]["width"], all[0]["height"], err)
	}
	seen, most, pieces := eval[int](vet, `document.querySelector('[data-viewer] img').naturalWidth`), eval[int](owner, `Math.max(...window.frames)`), eval[int](owner, `window.frames.length`)
	t.Logf("the photo is %d by %d, %d bytes as stored; the call's picture %.0f wide; %d pieces of at most %d bytes", size.Width, size.Height, len(body), eval[media](vet, readStats).Width, pieces, most)
	if seen != size.Width || pieces == 0 || most > 16<<10 {
		t.Errorf("the vet sees %d pixels across of %d; %d pieces of at most %d bytes", seen, size.Width, pieces, most)
	}
	c.zoomsAndDraws()
	c.screens()
	c.stillsInRecords()
}

// zoomsAndDraws: what the vet looks at and draws the owner sees with it, and the drawing is saved.
func (c photos) zoomsAndDraws() {
	c.Helper()
	vet, owner := c.vet, c.owner
	owner.holds(5*time.Second, "sees what the vet looks at", viewing)
	for range 4 {
		vet.click(`[data-zoom="in"]`)
	}
	vet.drags(0.5, 0.5, 0.3, 0.4)
	part := eval[at](vet, seenPart)
	if part.Larger < 2 {
		c.Errorf("the vet looks at %+v", part)
	}
	eventually(c, 5*time.Second, "the owner sees the same part", func() error {
		if now := eval[at](owner, seenPart); !now.near(part) || now.Larger < 1.5 {
			return fmt.Errorf("%+v of %+v", now, part)
		}
		return nil
	})
	for _, tool := range []string{"pen", "circle", "arrow"} {
		vet.click(`[data-tool="` + tool + `"]`)
		vet.drags(0.2, 0.3, 0.6, 0.7)
	}
	vet.holds(5*time.Second, "has drawn", marksShown+` !== ''`)
	owner.holds(5*time.Second, "sees three marks", `document.querySelectorAll('[data-viewer-marks] .mark').length === 3`)
	vet.click(`[data-undo]`)
	owner.holds(5*time.Second, "sees one go", `document.querySelectorAll('[data-viewer-marks] .mark').length === 2`)
	if drawn, shown := eval[string](vet, marksShown), eval[string](owner, marksShown); drawn != shown {
		c.Errorf("the vet drew %q, the owner sees %q", drawn, shown)
	}
	vet.shot("marks")
	owner.shot("marks")
	eventually(c, 5*time.Second, "the marks are saved", func() error {
		if marks, _ := c.stills()[0]["marks"].([]any); len(marks) != 2 {
			return fmt.Errorf("%v", marks)
		}
		return nil
	})
}

// screens has the photo looked at; the result comes to both by itself.
func (c photos) screens() {
	c.Helper()
	c.vet.click(`[data-screen]`)
	for _, b := range []*tab{c.vet, c.owner} {
		b.holds(15*time.Second, "reads the result", `document.querySelector('[data-viewer-result]').dataset.state === 'done' &&
			document.querySelector('[data-viewer-result] p').textContent === '참고용이며 진단이 아닙니다.' && document.querySelectorAll('[data-viewer-result] .bars li').length > 0`)
	}
	c.vet.holds(2*time.Second, "reads one line after the other", `((list) => [...list.children].every((li) => li.getBoundingClientRect().bottom <= list.nextElementSibling.getBoundingClientRect().top))(document.querySelector('[data-viewer-result] .bars'))`)
	c.vet.shot("screened")
	c.vet.click(`[data-viewer-close]`)
	c.owner.holds(5*time.Second, "sees it go", `document.querySelector('[data-viewer]').hidden`)
	c.owner.click(`.call-bar [data-chat-toggle]`)
	c.owner.click(`[data-still-strip] button`)
	c.owner.holds(5*time.Second, "looks again by itself", viewing+` && document.querySelector('[data-viewer]').dataset.following === 'false'`)
	c.owner.shot("again")
}

// stillsInRecords: the photo, its marks and its result stand on the vet's page and on the owner's; the vet judges it there.
func (c photos) stillsInRecords() {
	c.Helper()
	id := c.visit.at("id")
	c.vet.open(c.p.url + "/vet/reservations/" + id)
	const shown = `document.querySelector('.still img').naturalWidth > 0 && document.querySelectorAll('.still .mark-line').length === 2`
	c.vet.holds(5*time.Second, "sees it in the record", shown+` && document.querySelectorAll('.still .bars li').length > 0`)
	c.vet.click(`.still [name="agrees"][value="true"]`)
	c.vet.holds(5*time.Second, "has agreed", `document.querySelector('.still .reviewed')`)
	c.vet.shot("record")
	c.owner.open(c.p.url + "/reservations/" + id)
	c.owner.holds(5*time.Second, "sees it with the reservation", shown+` && document.querySelector('.still').textContent.includes('진단이 아닙니다')`)
	c.owner.shot("reservation")
	at := timeline(c.api, id)
	if at["still"].IsZero() {
		c.Errorf("the timeline tells nothing of it: %v", at)
	}
}

// TestAnAskedPhotoComesByTheServer: the vet's browser cannot take it from the owner's, which sends it to the server. The vet
// asked for it, and looks at it without another word.
func TestAnAskedPhotoComesByTheServer(t *testing.T) {
	c := meet(t, "byserver", `{
		const real = RTCDataChannel.prototype.send;
		RTCDataChannel.prototype.send = function (data) {
			const {type, id} = this.label === 'talk' ? JSON.parse(data) : {};
			return real.call(this, type === 'still_from' ? JSON.stringify({type: 'still_stop', id, why: 'refused'}) : data);
		};
	}`)
	for _, b := range []*tab{c.vet, c.owner} {
		b.holds(20*time.Second, "is connected", connected+` && window.vetroomPeer.sctp?.state === 'connected'`)
	}
	c.asks()
	c.owner.holds(15*time.Second, "hears that it is stored", stillSheet+`.dataset.state === 'kept'`)
	c.vet.holds(5*time.Second, "sees it", viewing)
	if all := c.stills(); len(all) != 1 || all[0].at("by") != "owner" {
		t.Errorf("stored are %v", all)
	}
}

// TestAPhotoWithoutAWayBetween: where the browsers have no data channel the owner's sends the photo to the server itself,
// and asking for it goes by the chat.
func TestAPhotoWithoutAWayBetween(t *testing.T) {
	c := meet(t, "nochannel", `RTCPeerConnection.prototype.createDataChannel = () => Object.assign(new EventTarget(), {readyState: 'connecting'})`)
	for _, b := range []*tab{c.vet, c.owner} {
		b.holds(20*time.Second, "is connected", connected)
	}
	c.vet.click(`[data-still-ask]`)
	c.owner.holds(5*time.Second, "is asked in the chat", `document.querySelector('.said-text').textContent.includes('사진')`)
	c.sendsChosen()
}

// TestAPhotoWithoutMedia: neither has a camera, a microphone or a connection. There are the chat and photos.
func TestAPhotoWithoutMedia(t *testing.T) {
	c := meet(t, "nomedia", `if (window.MediaDevices) MediaDevices.prototype.getUserMedia = () => Promise.reject(new DOMException('no', 'NotFoundError'));
		window.RTCPeerConnection = class extends RTCPeerConnection { constructor() { super({iceTransportPolicy: 'relay'}) } setConfiguration() {} }`)
	c.sendsChosen()
	if call := eval[string](c.owner, `document.documentElement.dataset.call`); call != "open" {
		t.Errorf("the call is %s", call)
	}
}

// sendsChosen has the owner send a photo that was there before, by the chat, and the vet look at it.
func (c photos) sendsChosen() {
	c.Helper()
	file := filepath.Join(c.TempDir(), "photo.jpg")
	if err := os.WriteFile(file, encodeJPEG(c.T, corner(1600, 1200)), 0o600); err != nil {
		c.Fatal(err)
	}
	if eval[bool](c.owner, `document.querySelector('[data-chat]').hidden`) {
		c.owner.click(`.call-bar [data-chat-toggle]`)
	}
	c.owner.chooseIn(`[data-chat-photo]`, file)
	c.owner.holds(15*time.Second, "hears that it is stored", stillSaid+` === '저장됨'`)
	c.owner.holds(5*time.Second, "sees it in the strip", `document.querySelector('[data-still-strip] img').naturalWidth > 0`)
	c.vet.holds(5*time.Second, "hears of it", stillSaid+` === '새 사진이 왔어요'`)
	c.vet.shot("told")
	c.vet.click(`[data-still-see]`)
	c.vet.holds(10*time.Second, "sees it", viewing+` && document.querySelector('[data-viewer] img').naturalWidth === 1600`)
	all := c.stills()
	if len(all) != 1 || all[0].at("by") != "owner" || bytes.Contains(c.photo(all[0]), []byte("Exif")) {
		c.Errorf("stored are %v", all)
	}
	c.owner.shot("sent")
}
