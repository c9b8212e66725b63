// Package pionlog hands what pion's libraries say to slog.
package pionlog

import (
	"context"
	"fmt"
	"log/slog"

	"github.com/pion/logging"
)

// Factory has all that pion says go to the log at debug: strangers can cause any of it, and it holds addresses.
type Factory struct{ Log *slog.Logger }

// NewLogger implements logging.LoggerFactory.
func (f Factory) NewLogger(string) logging.LeveledLogger { return logger{f.Log} }

type logger struct{ log *slog.Logger }

func (l logger) say(format string, args ...any) {
	if l.log.Enabled(context.Background(), slog.LevelDebug) {
		l.log.Debug(fmt.Sprintf(format, args...))
	}
}

func (l logger) Trace(string)                 {}
func (l logger) Tracef(string, ...any)        {}
func (l logger) Debug(string)                 {} // several for each packet
func (l logger) Debugf(string, ...any)        {}
func (l logger) Info(text string)             { l.say("%s", text) }
func (l logger) Infof(text string, a ...any)  { l.say(text, a...) }
func (l logger) Warn(text string)             { l.say("%s", text) }
func (l logger) Warnf(text string, a ...any)  { l.say(text, a...) }
func (l logger) Error(text string)            { l.say("%s", text) }
func (l logger) Errorf(text string, a ...any) { l.say(text, a...) }
