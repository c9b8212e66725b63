package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"time"

	"vetroom/configs"
)

// app is what every command is given: the configuration, which is checked, and the outside world.
type app struct {
	ctx            context.Context // ends with SIGINT or SIGTERM
	cfg            configs.Config
	stdin          io.Reader
	stdout, stderr io.Writer
	log            *slog.Logger
	due            dueNote
	demo           bool    // serve --demo
	socketMessages float64 // serve --socket-messages
}

// newLog writes to standard error, since standard output is a command's answer. Beside serve a command says only what
// went wrong, unless a level is asked for.
func newLog(cfg configs.Config, command string, w io.Writer) *slog.Logger {
	level := cfg.Level()
	if command != "serve" && level == slog.LevelInfo {
		level = slog.LevelWarn
	}
	opts := &slog.HandlerOptions{Level: level}
	if cfg.Log == configs.LogJSON {
		return slog.New(slog.NewJSONHandler(w, opts))
	}
	return slog.New(slog.NewTextHandler(w, opts))
}

// say prints a line of the command's answer.
func (a *app) say(format string, args ...any) error {
	_, err := fmt.Fprintf(a.stdout, format+"\n", args...)
	return err
}

// warn prints a line beside the answer.
func (a *app) warn(format string, args ...any) { fmt.Fprintf(a.stderr, format+"\n", args...) }

// formatTime writes a time as it stands on the wire: RFC 3339, UTC, milliseconds.
func formatTime(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z") }
