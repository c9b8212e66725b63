package store

import (
	"context"
	"database/sql"
	"strings"
)

// statement is one that changes something, or that reads if it says where its rows go.
type statement struct {
	text string
	args []any
	scan func() []any // gives where the columns of the next row go
}

// runParams bounds the parameters of what run sends in one message.
const runParams = 5000

// run runs statements in order until one fails. A server takes several in one message: on their way to it and back they
// cost more than its work on them.
func (t *tx) run(ctx context.Context, all ...statement) error {
	for len(all) > 0 {
		n, params := 1, len(all[0].args)
		for !t.d.embedded && n < len(all) && params+len(all[n].args) <= runParams {
			params += len(all[n].args)
			n++
		}
		if err := t.runTogether(ctx, all[:n]); err != nil {
			return err
		}
		all = all[n:]
	}
	return nil
}

// runTogether runs statements as one message.
func (t *tx) runTogether(ctx context.Context, all []statement) error {
	texts, args, reads := make([]string, len(all)), []any(nil), []func() []any(nil)
	for i, s := range all {
		texts[i], args = s.text, append(args, s.args...)
		if s.scan != nil {
			reads = append(reads, s.scan)
		}
	}
	text := strings.Join(texts, ";\n")
	if len(reads) == 0 {
		_, err := t.ExecContext(ctx, text, args...)
		return err
	}
	rows, err := t.QueryContext(ctx, text, args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	return readSets(rows, reads)
}

// ask runs statements that only read, in order, each on what is committed when it begins. A server takes all in one
// message.
func (s *Store) ask(ctx context.Context, all ...statement) error {
	if s.dialect().embedded || len(all) == 1 {
		for _, one := range all {
			if err := query(ctx, s.reader, one.scan, one.text, one.args...); err != nil {
				return err
			}
		}
		return nil
	}
	texts, args, reads := make([]string, len(all)), []any(nil), make([]func() []any, len(all))
	for i, one := range all {
		texts[i], args, reads[i] = one.text, append(args, one.args...), one.scan
	}
	rows, err := s.reader.QueryContext(ctx, strings.Join(texts, ";\n"), args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	return readSets(rows, reads)
}

// readSets reads one set of rows after another. What changes something gives none.
func readSets(rows *sql.Rows, sets []func() []any) error {
	for _, scan := range sets {
		for rows.Next() {
			if err := rows.Scan(scan()...); err != nil {
				return err
			}
		}
		if !rows.NextResultSet() {
			break
		}
	}
	return rows.Err()
}
