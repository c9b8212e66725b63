package main

import (
	"testing"
	"time"

	"vetroom/configs/configstest"
)

// TestRingOutlivesARestartInTheBrowser kills the only process while it rings. The vet's page is never loaded again: it
// hears of what happened meanwhile, and of the next one who asks.
func TestRingOutlivesARestartInTheBrowser(t *testing.T) {
	t.Parallel()
	dir, settings := t.TempDir(), []string{"VETROOM_ADDR=" + configstest.FreeAddr(t)}
	p := serve(t, dir, settings)
	addVet(t, p, dir, settings, "first")
	vet := newTab(t, "ring-vet", 1280, 800, "ko-KR")
	vet.signInAs(p, "first", "/vet")
	owner, asked := askNow(t, p.url, "010-1111-2222")
	vet.holds(5*time.Second, "rings", ringShown)

	p.kill()
	p = serve(t, dir, settings)
	vet.holds(10*time.Second, "still rings", ringShown+` && document.querySelector('[data-ring-pet]').textContent === '초코'`)
	owner.want(204, "DELETE", "/api/v1/instant/"+asked.at("id"), nil)
	vet.holds(20*time.Second, "hears that the owner left", ringGone)
	askNow(t, p.url, "010-3333-4444")
	vet.holds(10*time.Second, "rings for the next", ringShown)
	vet.holds(3*time.Second, "takes presses", ringArmed)
	vet.click(`[data-ring-accept]`)
	vet.holds(10*time.Second, "is in the open room", inRoom)
}
