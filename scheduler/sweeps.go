package scheduler

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/robfig/cron/v3"
)

// Sweep is slow work that whoever leads does from time to time. It is skipped while the last one still runs.
type Sweep struct {
	Name string                      // what it does, for the log: "sweep permits"
	Spec string                      // when, as robfig/cron says it, with seconds: "@every 30s", "0 15 3 * * *" (UTC)
	Run  func(context.Context) error // ends soon after its ctx
}

var cronParser = cron.NewParser(cron.Second | cron.Minute | cron.Hour | cron.Dom | cron.Month | cron.Dow | cron.Descriptor)

// compareEvery is how often the streams are compared without a reason.
const compareEvery = "@every 1m"

// sweeper runs the sweeps of one term.
type sweeper struct {
	cron   *cron.Cron
	cancel context.CancelFunc
}

// startSweeps begins: the given ones, the reload of the horizon and the comparison of the streams.
func startSweeps(ctx context.Context, t *term) (*sweeper, error) {
	ctx, cancel := context.WithCancel(ctx)
	log := cronLog{t.cfg.Log}
	c := cron.New(cron.WithParser(cronParser), cron.WithLocation(time.UTC), cron.WithLogger(log),
		cron.WithChain(cron.Recover(log), cron.SkipIfStillRunning(log)))
	own := []Sweep{
		{"reload the horizon", fmt.Sprintf("@every %s", max(t.cfg.Horizon/4, time.Second)), signals(t.reload)},
		{"compare the streams", compareEvery, signals(t.recheck)},
	}
	for _, sweep := range append(own, t.cfg.Sweeps...) {
		if _, err := c.AddFunc(sweep.Spec, func() { t.sweep(ctx, sweep) }); err != nil {
			cancel()
			return nil, fmt.Errorf("plan to %s: %w", sweep.Name, err)
		}
	}
	c.Start()
	return &sweeper{c, cancel}, nil
}

func signals(ch chan struct{}) func(context.Context) error {
	return func(context.Context) error {
		signal(ch)
		return nil
	}
}

func (t *term) sweep(ctx context.Context, sweep Sweep) {
	if err := sweep.Run(ctx); err != nil && ctx.Err() == nil {
		t.cfg.Log.Warn("scheduler: cannot "+sweep.Name, "error", err)
	}
}

// stop returns when none runs any more.
func (s *sweeper) stop() {
	s.cancel()
	<-s.cron.Stop().Done()
}

// cronLog passes on what matters of cron's words: a panic that was caught. Its wakes are of no interest.
type cronLog struct{ log *slog.Logger }

func (l cronLog) Info(msg string, kv ...any) { l.log.Debug("cron: "+msg, kv...) }

func (l cronLog) Error(err error, msg string, kv ...any) {
	l.log.Error("cron: "+msg, append(kv, "error", err)...)
}
