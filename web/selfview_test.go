package web

import (
	"context"
	"testing"

	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/chromedp"
)

// TestOnesOwnPictureMovesOutOfTheWay: dragged, it stays in the corner that it is closest to; a press and a key take it on
// to the next one.
func TestOnesOwnPictureMovesOutOfTheWay(t *testing.T) {
	if testing.Short() {
		t.Skip("starts a browser")
	}
	ctx := browser(t)
	_, server := site(t)
	open(t, ctx, server.URL+"/room/waiting?lang=en")
	const box = `document.querySelector('.self-box')`
	if hidden := evaluate[bool](t, ctx, `!document.querySelector('[data-self-move]').checkVisibility()`); !hidden {
		t.Error("it can be moved before there is another picture")
	}
	at := func() []float64 {
		return evaluate[[]float64](t, ctx, `(({left, top, width, height}) => [left + width / 2, top + height / 2])(`+box+`.getBoundingClientRect())`)
	}
	corner := func() string { return evaluate[string](t, ctx, box+`.dataset.corner`) }
	evaluate[string](t, ctx, `document.querySelector('.call').dataset.entered = 'true'`)

	from := at()
	drag(t, ctx, from, []float64{200, 100})
	if got, to := corner(), at(); got != "top-left" || to[0] >= from[0] || to[1] >= from[1] {
		t.Errorf("dragged up and left it is %s, at %v after %v", got, to, from)
	}
	to := at()
	drag(t, ctx, to, []float64{to[0] + 3, to[1]}) // a finger is not still
	if got := corner(); got != "top-right" {
		t.Errorf("after a press it is %s", got)
	}
	evaluate[bool](t, ctx, `(document.querySelector('[data-self-move]').focus(), true)`)
	if err := chromedp.Do(ctx, chromedp.KeyEvent("\r")); err != nil {
		t.Fatal(err)
	}
	if got := corner(); got != "bottom-right" {
		t.Errorf("after a key it is %s", got)
	}
}

func drag(t *testing.T, ctx context.Context, from, to []float64) {
	t.Helper()
	err := chromedp.Do(ctx,
		chromedp.MouseEvent(input.DispatchMouseEventTypeMousePressed, from[0], from[1], chromedp.ButtonLeft, chromedp.ClickCount(1)),
		chromedp.MouseEvent(input.DispatchMouseEventTypeMouseMoved, to[0], to[1], chromedp.ButtonLeft),
		chromedp.MouseEvent(input.DispatchMouseEventTypeMouseReleased, to[0], to[1], chromedp.ButtonLeft, chromedp.ClickCount(1)),
	)
	if err != nil {
		t.Fatal(err)
	}
}
