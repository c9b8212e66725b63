package main

import (
	"context"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"github.com/google/uuid"

	"vetroom/clinic"
	"vetroom/configs"
	"vetroom/store"
)

// openStore opens the configured database. The embedded one it makes and brings to the newest schema; a server's may be
// away, or older, which [store.Store.Ping] and [store.Store.SchemaState] tell. onDue hears of each change that left
// something to publish, by the earliest instant; it may be nil.
func openStore(ctx context.Context, cfg configs.Config, log *slog.Logger, onDue func(earliest time.Time)) (*store.Store, error) {
	url, err := cfg.Database()
	if err != nil {
		return nil, fmt.Errorf("find the database: %w", err)
	}
	if cfg.DatabaseURL == "" {
		if err := os.MkdirAll(cfg.DataDir, 0o700); err != nil {
			return nil, fmt.Errorf("make the data folder: %w", err)
		}
	}
	s, err := store.Open(ctx, store.Config{URL: url.Reveal(), Local: time.Now, NewID: newID, OnDue: onDue, Log: log})
	if err != nil || cfg.ExternalDatabase() {
		return s, err
	}
	if err := s.Migrate(ctx); err != nil {
		s.Close()
		return nil, err
	}
	return s, nil
}

// openDesk makes the use cases on a store.
func openDesk(cfg configs.Config, s *store.Store) *clinic.Desk {
	return &clinic.Desk{Store: s, Clock: s, Permits: clinic.PermitRule(cfg.Permits), NewID: newID, Random: rand.Reader}
}

// newID makes a UUIDv7.
func newID() string { return uuid.Must(uuid.NewV7()).String() } // crypto/rand never fails

// natsDir is the folder of the in-process NATS server.
func natsDir(cfg configs.Config) string { return filepath.Join(cfg.DataDir, "nats") }

// sessionKey gives the configured session key, or that of the data folder, which it makes where there is none.
func sessionKey(cfg configs.Config) (configs.Secret, error) {
	if cfg.SessionKey != "" {
		return cfg.SessionKey, nil
	}
	return configs.LoadOrMakeKey(cfg.DataDir)
}

// deriveKey makes a key of 32 bytes for one purpose, so that no two uses share one: HKDF-SHA256 (RFC 5869) with the
// purpose as its info.
func deriveKey(sessionKey, purpose string) []byte {
	key, err := hkdf.Key(sha256.New, []byte(sessionKey), nil, "vetroom "+purpose, sha256.Size)
	if err != nil {
		panic(fmt.Sprintf("derive a key for %s: %v", purpose, err)) // only for a length that HKDF cannot give
	}
	return key
}

// busKey is what the processes of one installation know each other by.
func busKey(sessionKey string) string { return hex.EncodeToString(deriveKey(sessionKey, "bus")) }

// nudgeSubject is where a process says that something was saved which is due soon. The message is empty.
const nudgeSubject = "_vr.nudge"
