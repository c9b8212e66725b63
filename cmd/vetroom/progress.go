package main

import (
	"fmt"
	"io"
	"os"
	"strings"

	"golang.org/x/term"
)

// progress tells on standard error how far a command is: on a terminal in a line that is written again and again,
// elsewhere in a line for each quarter.
type progress struct {
	w      io.Writer
	did    string // to what: "rows read"
	live   bool   // a terminal
	whole  int64  // 0: nobody knows
	told   int64  // the last step that was told, of all the steps
	drawn  bool   // the line that is written again is there
	former int    // how long it is
}

const (
	liveSteps, lineSteps = 100, 4
	barWidth             = 30
	unknownStep          = 1000 // rows, where nobody knows how many there are
)

func newProgress(w io.Writer, whole int64, did string) *progress {
	file, ok := w.(*os.File)
	return &progress{w: w, did: did, whole: whole, live: ok && term.IsTerminal(int(file.Fd()))}
}

// at tells how much is done, and how many rows that is, if it is a step further. The last step is done's.
func (p *progress) at(done int64, rows int) {
	steps := p.steps()
	step := int64(rows / unknownStep)
	if p.whole > 0 {
		step = min(done*steps/p.whole, steps-1)
	}
	if step > p.told && (p.whole == 0 || done < p.whole) {
		p.step(step, rows)
	}
}

// done tells that all is.
func (p *progress) done(rows int) { p.step(p.steps(), rows) }

func (p *progress) steps() int64 {
	if p.live {
		return liveSteps
	}
	return lineSteps
}

func (p *progress) step(step int64, rows int) {
	p.told = step
	steps := p.steps()
	text := fmt.Sprintf("%d %s", rows, p.did)
	if p.whole > 0 {
		text = fmt.Sprintf("%3d%%  %s", step*100/steps, text)
	}
	p.tell(text, step, steps)
}

func (p *progress) tell(text string, step, steps int64) {
	if !p.live {
		fmt.Fprintln(p.w, text)
		return
	}
	if p.whole > 0 {
		full := int(step * barWidth / steps)
		text = "[" + strings.Repeat("#", full) + strings.Repeat("-", barWidth-full) + "] " + text
	}
	fmt.Fprintf(p.w, "\r%-*s", p.former, text)
	p.drawn, p.former = true, len(text)
}

// line tells something else, on a line of its own.
func (p *progress) line(text string) {
	p.clear()
	fmt.Fprintln(p.w, text)
}

// end leaves the terminal at the beginning of a line.
func (p *progress) end() {
	if p.drawn {
		fmt.Fprintln(p.w)
	}
}

func (p *progress) clear() {
	if p.drawn {
		fmt.Fprintf(p.w, "\r%*s\r", p.former, "")
	}
	p.drawn, p.former = false, 0
}

// sizeOf gives the length of a file, 0 for what has none.
func sizeOf(file *os.File) int64 {
	if info, err := file.Stat(); err == nil && info.Mode().IsRegular() {
		return info.Size()
	}
	return 0
}
