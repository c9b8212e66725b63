package main

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
)

// TestTheCodeIsThatOfTheTemplates: whoever edits a template generates anew,
// and no code is left of a template that is gone.
func TestTheCodeIsThatOfTheTemplates(t *testing.T) {
	files, err := made("../..")
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range files {
		if got, err := os.ReadFile(name); err != nil || !bytes.Equal(got, want) {
			t.Errorf("%s is not as generated (%v): run go generate ./web", name, err)
		}
	}
	code, err := filepath.Glob("../../*_templ.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range code {
		if files[name] == nil {
			t.Errorf("%s has no template", name)
		}
	}
}

func TestFormattingIsStable(t *testing.T) {
	dir := t.TempDir()
	source := "package web\n\ntempl hello(name string) {\n<p   title={ name }>{ name }</p>\n}\n"
	if err := os.WriteFile(filepath.Join(dir, "hello.templ"), []byte(source), 0o644); err != nil {
		t.Fatal(err)
	}
	first, err := made(dir)
	if err != nil {
		t.Fatal(err)
	}
	tidy := first[filepath.Join(dir, "hello.templ")]
	if !bytes.Contains(tidy, []byte("\t<p title={ name }>{ name }</p>")) {
		t.Errorf("formatted as %s", tidy)
	}
	if err := os.WriteFile(filepath.Join(dir, "hello.templ"), tidy, 0o644); err != nil {
		t.Fatal(err)
	}
	again, err := made(dir)
	if err != nil {
		t.Fatal(err)
	}
	for name := range first {
		if !bytes.Equal(first[name], again[name]) {
			t.Errorf("%s differs when made of the formatted template", name)
		}
	}
}

func TestABrokenTemplateIsNamed(t *testing.T) {
	dir := t.TempDir()
	if _, err := made(dir); err == nil {
		t.Error("a folder without templates is no error")
	}
	if err := os.WriteFile(filepath.Join(dir, "x.templ"), []byte("package web\n\ntempl x() {\n<p>\n}\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := made(dir); err == nil || !bytes.Contains([]byte(err.Error()), []byte("x.templ")) {
		t.Errorf("the error is %v", err)
	}
}
