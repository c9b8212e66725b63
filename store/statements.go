package store

import (
	"context"
	"slices"
	"strings"
	"sync"
)

// statement is one that changes something, or that reads if it says where its rows go.
type statement struct {
	text string
	args []any
	scan func() []any // gives where the columns of the next row go
}

// run runs statements in order until one fails. Each is a message of its own: prepared, that costs a server less than
// reading the text of several that come together.
func (t *tx) run(ctx context.Context, all ...statement) error {
	for _, s := range all {
		var err error
		if s.scan == nil {
			_, err = t.ExecContext(ctx, s.text, s.args...)
		} else {
			err = query(ctx, t, s.scan, s.text, s.args...)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// ask runs statements that only read, in order, each on what is committed when it begins.
func (s *Store) ask(ctx context.Context, all ...statement) error {
	for _, one := range all {
		if err := query(ctx, s.reader, one.scan, one.text, one.args...); err != nil {
			return err
		}
	}
	return nil
}

// inserts adds rows, which all have the same columns, in as few statements as the dialect allows. tail ends each.
func inserts(d *dialect, table, tail string, rows ...[]field) []statement {
	var all []statement
	for len(rows) > 0 {
		n := min(len(rows), d.maxParams/len(rows[0]), 1000)
		args := make([]any, 0, n*len(rows[0]))
		for _, row := range rows[:n] {
			for _, f := range row {
				args = append(args, f.value)
			}
		}
		all = append(all, statement{text: insertTexts.of(table, tail, rows[0], n), args: args})
		rows = rows[n:]
	}
	return all
}

// insert runs inserts.
func (t *tx) insert(ctx context.Context, table, tail string, rows ...[]field) error {
	return t.run(ctx, inserts(t.d, table, tail, rows...)...)
}

// insertTexts keeps the texts of short INSERTs: a booking needs seven.
var insertTexts textsOfInserts

// keptRows bounds the rows of an INSERT whose text is kept.
const keptRows = 8

type textsOfInserts struct{ kept sync.Map } // insertKey: *insertText

type insertKey struct {
	table, tail   string
	columns, rows int
}

type insertText struct {
	columns []string
	text    string
}

// of gives the text that inserts n rows like one.
func (k *textsOfInserts) of(table, tail string, like []field, n int) string {
	key := insertKey{table, tail, len(like), n}
	if kept, ok := k.kept.Load(key); ok {
		kept := kept.(*insertText)
		if slices.EqualFunc(kept.columns, like, func(name string, f field) bool { return name == f.column }) {
			return kept.text
		}
	}
	made := &insertText{columns: make([]string, len(like))}
	for i, f := range like {
		made.columns[i] = f.column
	}
	marks := "(" + placeholders(len(like)) + ")"
	made.text = "INSERT INTO " + table + " (" + strings.Join(made.columns, ", ") + ") VALUES " + marks + strings.Repeat(", "+marks, n-1) + tail
	if n <= keptRows {
		k.kept.Store(key, made)
	}
	return made.text
}
