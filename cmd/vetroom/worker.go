package main

import (
	"runtime"

	"vetroom/configs"
	"vetroom/screening"
)

// photosAtOnce is how many photos one process has an AI server look at: it waits for most of that time.
const photosAtOnce = 4

// photoSubject is where a process says that a photo waits to be looked at. The message is empty.
const photoSubject = "_vr.photo"

// openWorker makes what looks at queued photos: by the configured server, or by the baseline, which takes processors and
// so no more than half of them.
func (h *house) openWorker(*app) error {
	if !h.cfg.Has(configs.Worker) {
		return nil
	}
	config := screening.WorkerConfig{
		Queue: h.store, Books: h.desk, Clock: h.store, NewID: newID, Log: h.log.With("part", "worker"),
		Looker: screening.Baseline{}, Parallel: max(1, runtime.GOMAXPROCS(0)/2),
	}
	if url := h.cfg.AIURL.Reveal(); url != "" {
		h.ai = screening.NewAI(screening.AIConfig{URL: url})
		config.Looker, config.Parallel = h.ai, photosAtOnce
	}
	h.worker = screening.NewWorker(config)
	h.runs = append(h.runs, h.worker.Run)
	return h.listen(photoSubject, func([]byte) { h.worker.Nudge() })
}

// photoQueued tells the workers, here and at every other process, that a photo waits. Their own look, each second, finds
// it too.
func (h *house) photoQueued() {
	if h.worker != nil {
		h.worker.Nudge()
	}
	if h.bus == nil {
		return
	}
	if err := h.bus.Publish(photoSubject, nil); err != nil {
		h.log.Debug("nudge the workers", "error", err)
	}
}
