package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"vetroom/configs"
	"vetroom/configs/configstest"
	"vetroom/store/storetest/mariadb"
)

// TestSharedDatabase holds that a database of others is changed by "migrate" alone, and that the commands then work on
// it as on the embedded one, without a data folder of their own.
func TestSharedDatabase(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "var")
	url := mariadb.Shared(t, mariadb.Options{}).Database(t)
	shared := func(args ...string) []string { return append([]string{"--database-url", url}, args...) }

	for _, args := range [][]string{{"vet", "list"}, {"vet", "permit", "kim"}} {
		if _, errText, code := cliRun(t, dir, "", shared(args...)...); code != exitFail || !strings.Contains(errText, "vetroom migrate") {
			t.Fatalf("%v on an empty database: exit %d, said %q", args, code, errText)
		}
	}
	for range 2 {
		cliDone(t, dir, "", shared("migrate")...)
	}
	cliDone(t, dir, testPassword+"\n", shared("vet", "add", "--login", "kim", "--name", "김수의", "--password-stdin",
		"--img", writePicture(t), "--hours", "daily=00:00-24:00")...)
	cliDone(t, dir, "", shared(append([]string{"vet", "permit", "kim"}, validPermit("P-1", "skin")...)...)...)
	if out := cliDone(t, dir, "", shared("vet", "list")...); !strings.Contains(out, "김수의") || !strings.Contains(out, "P-1 skin") {
		t.Errorf("the list is\n%s", out)
	}
	s, err := openStore(t.Context(), configs.Config{DataDir: dir, DatabaseURL: configs.SecretURL(url)}, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	vet, err := s.VetByLogin(t.Context(), "kim")
	if err != nil {
		t.Fatal(err)
	}
	name, _ := strings.CutPrefix(vet.Img, "/img/")
	for range 2 { // the same picture again is the one that is there
		body, err := s.Picture(t.Context(), name)
		if err != nil {
			t.Fatal(err)
		}
		if err := s.AddPicture(t.Context(), name, body); err != nil {
			t.Fatal(err)
		}
	}
}

// TestDatabaseAway holds what a command says that cannot reach its database.
func TestDatabaseAway(t *testing.T) {
	url := "mysql://vetroom:pass@" + configstest.FreeAddr(t) + "/vetroom"
	for _, args := range [][]string{{"vet", "list"}, {"migrate"}} {
		_, errText, code := cliRun(t, t.TempDir(), "", append([]string{"--database-url", url}, args...)...)
		if code != exitFail || !strings.Contains(errText, "is it running") || strings.Contains(errText, "pass@") {
			t.Errorf("%v: exit %d, said %q", args, code, errText)
		}
	}
}

// TestFolderThatCannotBeUsed holds that who cannot open the embedded database is told where to look, and never of a
// server.
func TestFolderThatCannotBeUsed(t *testing.T) {
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "vetroom.db-wal"), 0o700); err != nil { // as root may write everywhere
		t.Fatal(err)
	}
	for _, args := range [][]string{{"vet", "list"}, {"migrate"}, {"serve", "--addr", "127.0.0.1:0"}} {
		_, errText, code := cliRun(t, dir, "", args...)
		if code != exitFail || !strings.Contains(errText, "may you write in "+dir) || strings.Contains(errText, "is it running") {
			t.Errorf("%v: exit %d, said %q", args, code, errText)
		}
	}
}
