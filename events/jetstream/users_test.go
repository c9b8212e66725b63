package jetstream

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestHalfAPasswordFile(t *testing.T) {
	for _, half := range []string{"", `{"application":"x","sub`, `{"application":"x"}`} {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, usersFile), []byte(half), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := loadOrMakePasswords(dir); err == nil || !strings.Contains(err.Error(), "remove the file") {
			t.Errorf("%q: %v", half, err)
		}
	}
}
