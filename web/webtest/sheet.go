package webtest

import (
	"context"
	"html/template"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// Keep puts a picture of the tab into folder/name/file.png: a folder for what is shown, a file for how.
func Keep(t testing.TB, ctx context.Context, folder, name, file string) {
	t.Helper()
	to := filepath.Join(folder, name)
	if err := os.MkdirAll(to, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(to, file+".png"), Picture(t, ctx), 0o644); err != nil {
		t.Fatal(err)
	}
}

// sheet shows, for each folder of pictures, those beside each other.
var sheet = template.Must(template.New("").Parse(`<!DOCTYPE html>
<html lang="en"><meta charset="utf-8"><title>Pages</title>
<style>
:root { color-scheme: light dark }
body { font: 16px/1.5 system-ui, sans-serif; margin: 24px; background: #8883 }
section { display: flex; gap: 16px; overflow-x: auto; align-items: flex-start; padding-bottom: 24px }
figure { margin: 0; flex: none } img { max-height: 720px; border: 1px solid #8886; display: block } h2 { margin: 0 }
</style>
{{range .}}<h2 id="{{.Name}}">{{.Name}}</h2>
<section>{{$row := .Name}}{{range .Files}}<figure><a href="{{$row}}/{{.}}"><img loading="lazy" src="{{$row}}/{{.}}" alt=""></a><figcaption>{{.}}</figcaption></figure>
{{end}}</section>
{{end}}</html>
`))

type sheetRow struct {
	Name  string
	Files []string
}

// Sheet makes index.html of all pictures that are in the folder by now.
func Sheet(t testing.TB, folder string) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(folder, "*", "*.png"))
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(files)
	var rows []sheetRow
	for _, file := range files {
		name := filepath.Base(filepath.Dir(file))
		if len(rows) == 0 || rows[len(rows)-1].Name != name {
			rows = append(rows, sheetRow{Name: name})
		}
		row := &rows[len(rows)-1]
		row.Files = append(row.Files, filepath.Base(file))
	}
	index, err := os.Create(filepath.Join(folder, "index.html"))
	if err != nil {
		t.Fatal(err)
	}
	defer index.Close()
	if err := sheet.Execute(index, rows); err != nil {
		t.Fatal(err)
	}
}
