package main

import (
	"bytes"
	"image"
	"image/color"
	"image/jpeg"
	"io"
	"math"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	permission "github.com/chromedp/cdproto/browser"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"

	"vetroom/cmd/vetroom/localdata/localdatatest"
)

// skinPhoto draws skin with grain and a red disc in its middle, and gives it as a JPEG.
func skinPhoto(t *testing.T, w, h int, light float64) string {
	t.Helper()
	dice := rand.New(rand.NewPCG(1, 2))
	img := image.NewRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			r, g, b := 205.0, 170.0, 150.0
			if math.Hypot(float64(x-w/2), float64(y-h/2)) < float64(h)/6 {
				r, g, b = 200, 70, 65
			}
			n := float64(dice.IntN(25) - 12)
			img.SetRGBA(x, y, color.RGBA{lit(r+n, light), lit(g+n, light), lit(b+n, light), 255})
		}
	}
	var out bytes.Buffer
	if err := jpeg.Encode(&out, img, &jpeg.Options{Quality: 95}); err != nil {
		t.Fatal(err)
	}
	return writeFile(t, "photo.jpg", out.String())
}

func lit(v, light float64) uint8 { return uint8(min(255, v*light)) }

// smoothPhoto draws nothing but a slow change of brightness, as a photo out of focus has it.
func smoothPhoto(t *testing.T) string {
	t.Helper()
	img := image.NewGray(image.Rect(0, 0, 600, 280))
	for i := range img.Pix {
		img.Pix[i] = uint8(100 + i%600/40)
	}
	var out bytes.Buffer
	if err := jpeg.Encode(&out, img, &jpeg.Options{Quality: 95}); err != nil {
		t.Fatal(err)
	}
	return writeFile(t, "blurred.jpg", out.String())
}

// choose gives a file to the form, as the dialog would.
func (b *tab) choose(file string) {
	b.t.Helper()
	b.chooseIn(`input[type="file"]`, file)
}

// says waits until what a selector finds is seen and holds some words.
func (b *tab) says(selector, words string) {
	b.t.Helper()
	b.holds(10*time.Second, selector+" says "+words, `(() => {
		const at = document.querySelector(`+"`"+selector+"`"+`);
		return Boolean(at) && at.checkVisibility() && at.textContent.includes(`+"`"+words+"`"+`);
	})()`)
}

// judgesAs checks that the server finds wrong with a photo what the page found.
func (b *browser) judgesAs(file, page string) {
	b.t.Helper()
	photo, err := os.ReadFile(file)
	if err != nil {
		b.t.Fatal(err)
	}
	_, got := b.upload(photo)
	if server := strings.Trim(got.at("quality.notes"), "[]"); server != strings.TrimSuffix(page, "good") {
		b.t.Errorf("of a photo the page says %q, the server %q: %v", page, server, got)
	}
}

// slowly lets the page send so many bytes a second.
func (b *tab) slowly(bytes float64) {
	b.t.Helper()
	_, err := chromedp.Call(b.ctx, network.EmulateNetworkConditionsByRule, network.EmulateNetworkConditionsByRuleParams{
		MatchedNetworkConditions: []*network.Conditions{{UploadThroughput: bytes, DownloadThroughput: -1}},
	})
	if err != nil {
		b.t.Fatal(err)
	}
}

// TestAPhotoIsLookedAtInTheBrowser is an owner's way from a sore spot to a vet: files that cannot be read are refused in
// words, a photo is judged before it goes and sent with its progress shown, its result is found, and taken on to a vet.
func TestAPhotoIsLookedAtInTheBrowser(t *testing.T) {
	t.Parallel()
	p := serve(t, t.TempDir(), nil)
	b := newTab(t, "check", 360, 740, "ko-KR")
	b.open(p.url + "/")
	b.click(`.way a[href="/check"]`)
	b.says(".reference", "참고용이며 진단이 아닙니다.")
	for file, words := range map[string]string{
		writeFile(t, "IMG_1.HEIC", "\x00\x00\x00\x18ftypheic\x00\x00\x00\x00mif1heic"): "HEIC",
		writeFile(t, "broken.jpg", "\xff\xd8\xff\xe0 no photo"):                        "다시 찍거나",
		writeFile(t, "notes.jpg", "some text that somebody saved"):                     "JPEG, PNG, WebP",
		writeFile(t, "large.jpg", "\xff\xd8\xff"+strings.Repeat("x", 12<<20)):          "12MB",
	} {
		b.choose(file)
		b.says("[data-problem]", words)
	}
	photo := skinPhoto(t, 1600, 1200, 1)
	other := newBrowser(t, p.url)
	for _, c := range []struct{ file, note, words string }{
		{skinPhoto(t, 640, 480, 0.2), "dark", "불을 켜고"}, {smoothPhoto(t), "blurred", "초점"}, {skinPhoto(t, 300, 500, 1), "too_small", "더 가까이"},
		{skinPhoto(t, 640, 480, 1.9), "bright", "플래시"}, {photo, "good", "이대로 보내도"},
	} {
		b.choose(c.file)
		b.says("[data-hints] [data-note="+c.note+"]", c.words)
		other.judgesAs(c.file, eval[string](b, `[...document.querySelectorAll('[data-hints] [data-note]')].map((n) => n.dataset.note).join(' ')`))
	}
	b.holds(time.Second, "sees the photo", `document.querySelector('[data-preview]').checkVisibility() && document.querySelector('[data-problem]').hidden`)
	b.click(`input[name="body_part"][value="ear"]`)
	b.shot("chosen")
	eval[bool](b, `(() => {
		const seen = [], sent = document.querySelector('[data-sent]');
		new MutationObserver(() => { seen.push(sent.textContent); sessionStorage.seen = seen.join('|') }).observe(sent, {childList: true, characterData: true, subtree: true});
		return true;
	})()`)
	b.slowly(400_000) // so that there is progress to be seen also where the browser stands still for a while
	b.click("[data-send]")
	b.holds(20*time.Second, "sees the result", `location.pathname.startsWith('/check/') && document.querySelector('[data-screening]')?.dataset.state === 'done'`)
	b.slowly(-1)
	if seen := strings.Split(eval[string](b, `sessionStorage.seen`), "|"); len(seen) < 4 || seen[0] != "보내는 중 0%" || !strings.HasPrefix(seen[len(seen)-1], "다 보냈어요") {
		t.Errorf("of the progress was seen %q", seen)
	}
	b.says(`[data-finding="A1"]`, "구진")
	b.says(".untrained", "참고")
	b.says("figcaption", "귀")
	b.holds(5*time.Second, "sees what was sent", `document.querySelector('.result img').naturalWidth === 1600`)
	b.shot("result")
	id := eval[string](b, `document.querySelector('[data-screening]').dataset.screening`)
	b.click(`.onward a[href^="/vets?area=skin"]`)
	b.holds(5*time.Second, "is among the vets", `location.pathname === '/vets' && location.search.includes('screening=`+id+`')`)

	stranger := newTab(t, "stranger", 360, 740, "en-US")
	stranger.open(p.url + "/check/" + id)
	stranger.says("[data-state=gone]", "only in the browser that sent it")

	b.open(p.url + "/check")
	b.choose(skinPhoto(t, 640, 480, 1))
	b.says("[data-note=good]", "이대로 보내도")
	p.kill()
	b.click("[data-send]")
	b.says("[data-problem]", "서버에 닿지 않아요")
	b.holds(time.Second, "may send it again", `!document.querySelector('[data-send]').disabled && document.querySelector('[data-preview]').checkVisibility()`)
}

// TestAResultComesLive: a page that waits is told by the socket, without being loaded again, and whatever the answer is.
func TestAResultComesLive(t *testing.T) {
	t.Parallel()
	answers := make(chan string)
	ai := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body)
		answer := <-answers
		if answer == "" {
			w.WriteHeader(http.StatusTeapot)
		}
		io.WriteString(w, answer)
	}))
	t.Cleanup(ai.Close)
	p := serve(t, t.TempDir(), []string{"VETROOM_AI_URL=" + ai.URL})
	b := newTab(t, "live", 1280, 800, "ko-KR")
	photo := skinPhoto(t, 640, 480, 1)
	for _, c := range []struct{ answer, state, selector, words string }{
		{`{"model":"skin@2","findings":[{"code":"A6","label":"x","score":0.75},{"code":"A7","label":"x","score":0.2}]}`, "done", `[data-finding="A6"]`, "결절"},
		{"", "failed", ".notice.late", "살펴보지 못했어요"},
	} {
		b.open(p.url + "/check")
		b.choose(photo)
		b.says("[data-note=good]", "이대로 보내도")
		b.click("[data-send]")
		b.says(`[data-state="queued"] .notice`, "사진을 받았어요")
		b.shot("queued")
		eval[bool](b, `window.stayed = true`)
		answers <- c.answer
		b.says(`[data-state="`+c.state+`"] `+c.selector, c.words)
		b.says("[data-news]", "결과가 나왔어요")
		if !eval[bool](b, `window.stayed === true && !document.querySelector('.untrained')`) {
			t.Errorf("%s: the page was loaded again, or calls a model untrained", c.state)
		}
		b.shot(c.state)
	}
}

// TestAPhotoWithoutScripts: a plain form sends it, and a plain page shows what became of it.
func TestAPhotoWithoutScripts(t *testing.T) {
	t.Parallel()
	p := serve(t, t.TempDir(), nil)
	b := newTab(t, "plain", 360, 740, "en-US")
	if _, err := chromedp.Call(b.ctx, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true}); err != nil {
		t.Fatal(err)
	}
	b.open(p.url + "/check")
	b.holds(5*time.Second, "sees the plain field", `document.querySelector('input[type="file"]').checkVisibility() && !document.querySelector('[data-choose]').checkVisibility()`)
	b.shot("form")
	b.choose(writeFile(t, "IMG_1.HEIC", "\x00\x00\x00\x18ftypheic\x00\x00\x00\x00mif1heic"))
	b.click("[data-send]")
	b.says(".notice.wrong", "Most Compatible")
	b.choose(skinPhoto(t, 640, 480, 1))
	b.click("[data-send]")
	b.holds(10*time.Second, "is on the result's page", `location.pathname.startsWith('/check/')`)
	eventually(t, 10*time.Second, "the page shows the result", func() error {
		b.open(eval[string](b, `location.href`))
		if !eval[bool](b, `Boolean(document.querySelector('[data-state="done"] [data-finding="A1"]'))`) {
			return errNotYet
		}
		return nil
	})
}

// TestHospitalsNearTheBrowser: an import beside the server, then the browser's position, then the name of a place.
func TestHospitalsNearTheBrowser(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	p := serve(t, dir, nil)
	b := newTab(t, "hospitals", 360, 740, "ko-KR")
	b.open(p.url + "/hospitals")
	b.says(".empty", "아직 병원 목록이 없어요")
	rows := append(localdatatest.Register(200), localdatatest.Open(777, "달빛 동물병원", 197_986.7455, 451_579.8510))
	runCommand(t, dir, nil, "", "hospitals", "import", writeFile(t, "register.csv", localdatatest.CP949(t, rows...)))
	b.open(p.url + "/hospitals?urgent=true")
	b.says("h1", "지금 동물병원으로 가세요")
	b.says(".ask-by-phone", "114")
	b.shot("urgent")
	lat, lon, accuracy := 37.5637, 126.9772, 20.0
	_, err := chromedp.Call(b.ctx, emulation.SetGeolocationOverride, emulation.SetGeolocationOverrideParams{Latitude: &lat, Longitude: &lon, Accuracy: &accuracy})
	if err != nil {
		t.Fatal(err)
	}
	b.permit("geolocation", permission.PermissionSettingDenied)
	b.click("[data-near]")
	b.says("[data-near-words]", "위치 권한을 확인")
	b.permit("geolocation", permission.PermissionSettingGranted)
	b.click("[data-near]")
	b.holds(5*time.Second, "sees the nearest", `document.querySelectorAll('.hospital').length === 20 && location.search.includes('urgent=true')`)
	km := eval[[]float64](b, `[...document.querySelectorAll('.hospital-head .num')].map((n) => parseFloat(n.textContent))`)
	for i := 1; i < len(km); i++ {
		if km[i] < km[i-1] {
			t.Errorf("not nearest first: %v", km)
		}
	}
	if at := eval[string](b, `new URL(location).searchParams.get('near')`); at != "37.564,126.977" {
		t.Errorf("asked near %s", at)
	}
	if tel := eval[string](b, `document.querySelector("a.call").href`); tel != "tel:0200000777" || km[0] > 1 {
		t.Errorf("the first is called by %s, and %v km away", tel, km[0])
	}
	b.shot("near")
	find[bool](b, "#q", `e.value = '달빛 마포구'; return true;`)
	b.click(`form[role="search"] button`)
	b.holds(5*time.Second, "finds the one of that name", `location.search.includes('q=') && document.querySelectorAll('.hospital').length === 1 &&
		document.querySelector('.hospital h2').textContent === '달빛 동물병원'`)
}

// permit sets what the browser answers when a page asks for something.
func (b *tab) permit(what string, how permission.PermissionSetting) {
	b.t.Helper()
	_, err := chromedp.CallBrowser(b.ctx, permission.SetPermission, permission.SetPermissionParams{Permission: &permission.PermissionDescriptor{Name: what}, Setting: how})
	if err != nil {
		b.t.Fatal(err)
	}
}
