package main

import (
	"io"
	"os"
	"time"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"

	"github.com/tocsin-dev/tocsin/internal/markdown"
)

// patience is how long a thing may take before its progress is shown.
const patience = time.Second

// progress shows what is being done on a terminal, once it has taken a second; elsewhere it is silent.
type progress struct {
	w     io.Writer
	on    bool
	since time.Time
	bar   *progressbar.ProgressBar
	label string
}

func newProgress(w io.Writer) *progress {
	f, ok := w.(*os.File)
	return &progress{w: w, on: ok && term.IsTerminal(int(f.Fd())), since: time.Now()}
}

// show names what is being done, without a measure.
func (p *progress) show(label string) { p.step(label, 0, -1) }

// step says how far a thing is; a total below 1 is not known.
func (p *progress) step(label string, done, total int) {
	if !p.on || time.Since(p.since) < patience {
		return
	}
	if total < 1 {
		total = -1
	}
	if p.bar == nil || (total > 0 && p.bar.GetMax() != total) {
		p.finish()
		p.bar = progressbar.NewOptions(total,
			progressbar.OptionSetWriter(p.w), progressbar.OptionThrottle(100*time.Millisecond), progressbar.OptionClearOnFinish(),
			progressbar.OptionSetWidth(30), progressbar.OptionShowCount(), progressbar.OptionSetPredictTime(true))
	}
	if label != p.label {
		p.label = label
		p.bar.Describe(markdown.Line(label, 60))
	}
	if total > 0 {
		_ = p.bar.Set(done) // a bar that cannot be drawn is no reason to stop
	} else {
		_ = p.bar.Add(1)
	}
}

// finish takes the bar away.
func (p *progress) finish() {
	if p.bar != nil {
		_ = p.bar.Finish()
		p.bar, p.label = nil, ""
	}
}
