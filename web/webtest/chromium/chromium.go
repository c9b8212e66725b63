// Package chromium says how tests and benchmarks start a browser.
package chromium

import (
	"errors"
	"os"
	"slices"

	"github.com/chromedp/chromedp"
)

// paths lists where Debian and others put the browser.
var paths = []string{"/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"}

// ErrNone says that there is no browser on this machine.
var ErrNone = errors.New("no chromium: run make need, or apt-get install chromium")

// Options are those of a headless browser that asks nobody outside for anything, with a camera and a microphone that
// only pretend; more come after them. It returns ErrNone.
func Options(more ...chromedp.ExecAllocatorOption) ([]chromedp.ExecAllocatorOption, error) {
	i := slices.IndexFunc(paths, func(path string) bool { _, err := os.Stat(path); return err == nil })
	if i < 0 {
		return nil, ErrNone
	}
	return append([]chromedp.ExecAllocatorOption{
		chromedp.ExecPath(paths[i]), chromedp.NoSandbox,
		chromedp.Flag("headless", true), chromedp.Flag("disable-gpu", true), chromedp.Flag("disable-quic", true),
		chromedp.Flag("no-first-run", true), chromedp.Flag("disable-background-networking", true),
		chromedp.Flag("disable-component-update", true), chromedp.Flag("disable-sync", true),
		chromedp.Flag("use-fake-device-for-media-stream", true), chromedp.Flag("use-fake-ui-for-media-stream", true),
		chromedp.Flag("disable-dev-shm-usage", true), // which may be small where machines are containers
	}, more...), nil
}
