package configs_test

import (
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"vetroom/configs"
)

func TestKeyIsMadeOnce(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "new")
	const racers = 16
	keys := make([]configs.Secret, racers)
	var all sync.WaitGroup
	for i := range racers {
		all.Go(func() {
			var err error
			if keys[i], err = configs.LoadOrMakeKey(dir); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	for _, key := range keys {
		if key != keys[0] || len(key) < 32 {
			t.Fatalf("keys of %d bytes differ, or are short", len(key))
		}
	}
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 1 {
		t.Fatalf("the folder holds %v (%v), want the key alone", entries, err)
	}
	if info, err := entries[0].Info(); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the key's mode is %v (%v), want 0600", info.Mode(), err)
	}
}

func TestKeyRefused(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "session.key")
	if err := os.WriteFile(path, []byte("short\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := configs.LoadOrMakeKey(dir); err == nil || !strings.Contains(err.Error(), "fewer than 32") {
		t.Errorf("a short key: %v", err)
	}
	if err := os.Chmod(path, 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := configs.LoadOrMakeKey(dir); err == nil || !strings.Contains(err.Error(), "chmod 600") {
		t.Errorf("a key that others may read: %v", err)
	}
}
