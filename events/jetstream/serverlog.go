package jetstream

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
)

// serverLog is the NATS server's logger: its notices are details here, its errors warnings, since the process goes on.
type serverLog struct {
	log   *slog.Logger
	fatal chan string // the first reason why the server cannot run
}

func (l *serverLog) say(level slog.Level, format string, v []any) {
	if l.log.Enabled(context.Background(), level) {
		l.log.Log(context.Background(), level, "nats-server: "+fmt.Sprintf(format, v...))
	}
}

func (l *serverLog) Noticef(format string, v ...any) { l.say(slog.LevelDebug, format, v) }
func (l *serverLog) Debugf(format string, v ...any)  { l.say(slog.LevelDebug, format, v) }
func (l *serverLog) Tracef(format string, v ...any)  { l.say(slog.LevelDebug, format, v) }
func (l *serverLog) Errorf(format string, v ...any)  { l.say(slog.LevelWarn, format, v) }

// Warnf leaves out what is said of every plain password: ours are long, random, and in no file but their own.
func (l *serverLog) Warnf(format string, v ...any) {
	if !strings.HasPrefix(format, "Plaintext passwords detected") {
		l.say(slog.LevelWarn, format, v)
	}
}

func (l *serverLog) Fatalf(format string, v ...any) {
	l.say(slog.LevelWarn, format, v)
	select {
	case l.fatal <- fmt.Sprintf(format, v...):
	default:
	}
}
