// Command generate formats the templates of a folder and makes Go of them.
//
//	go run ./internal/generate [DIR]
//
// Each NAME.templ gives NAME_templ.go beside it. What it writes depends on
// nothing but the templates and the version of templ in go.mod.
package main

import (
	"bytes"
	"fmt"
	"go/format"
	"os"
	"path/filepath"
	"strings"

	"github.com/a-h/templ/generator"
	"github.com/a-h/templ/parser/v2"
)

func main() {
	dir := "."
	if len(os.Args) > 1 {
		dir = os.Args[1]
	}
	files, err := made(dir)
	for name, text := range files {
		if err == nil {
			err = os.WriteFile(name, text, 0o644)
		}
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// made gives what the files of a folder should hold: the templates as they are
// formatted, and the Go code of each.
func made(dir string) (map[string][]byte, error) {
	names, err := filepath.Glob(filepath.Join(dir, "*.templ"))
	if err != nil || len(names) == 0 {
		return nil, fmt.Errorf("no templates in %s: %w", dir, err)
	}
	files := map[string][]byte{}
	for _, name := range names {
		formatted, code, err := generate(name)
		if err != nil {
			return nil, fmt.Errorf("generate from %s: %w", name, err)
		}
		files[name], files[strings.TrimSuffix(name, ".templ")+"_templ.go"] = formatted, code
	}
	return files, nil
}

func generate(name string) (formatted, code []byte, err error) {
	source, err := os.ReadFile(name)
	if err != nil {
		return nil, nil, err
	}
	tidy, err := parser.ParseString(string(source))
	if err != nil {
		return nil, nil, err
	}
	var text, out bytes.Buffer
	if err := tidy.Write(&text); err != nil {
		return nil, nil, err
	}
	// The code names lines of the template: those that stand after formatting.
	file, err := parser.ParseString(text.String())
	if err != nil {
		return nil, nil, err
	}
	if _, err := generator.Generate(file, &out, generator.WithFileName("web/"+filepath.Base(name))); err != nil {
		return nil, nil, err
	}
	code, err = format.Source(out.Bytes())
	return text.Bytes(), code, err
}
