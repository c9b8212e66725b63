package store

import (
	"database/sql"
	"fmt"
	"path/filepath"
	"testing"
)

// openKeeping opens a file whose one connection keeps its statements.
func openKeeping(t *testing.T) *sql.DB {
	t.Helper()
	db, err := openFile("file:" + filepath.Join(t.TempDir(), "x.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	db.SetMaxOpenConns(1)
	if _, err := db.Exec("CREATE TABLE t (n INTEGER); INSERT INTO t VALUES (1), (2), (3)"); err != nil {
		t.Fatal(err)
	}
	return db
}

// TestKeptStatementInUse reads rows by a statement while the same is run for each of them.
func TestKeptStatementInUse(t *testing.T) {
	tx, err := openKeeping(t).Begin()
	if err != nil {
		t.Fatal(err)
	}
	defer tx.Rollback()
	const text = "SELECT n FROM t WHERE n >= ? ORDER BY n"
	for range 2 { // the second time it is kept
		rows, err := tx.Query(text, 1)
		if err != nil {
			t.Fatal(err)
		}
		var all []int
		for rows.Next() {
			var n, inner int
			if err := rows.Scan(&n); err != nil {
				t.Fatal(err)
			}
			if err := tx.QueryRow(text, n).Scan(&inner); err != nil || inner != n {
				t.Errorf("inner %d, %v, want %d", inner, err, n)
			}
			all = append(all, n)
		}
		if fmt.Sprint(all) != "[1 2 3]" || rows.Err() != nil || rows.Close() != nil {
			t.Errorf("read %v, %v", all, rows.Err())
		}
	}
}

// TestKeptStatements runs more texts than are kept, twice, across a change of the schema.
func TestKeptStatements(t *testing.T) {
	db := openKeeping(t)
	for round := range 2 {
		for i := range 3 * keptStatements {
			var n, sum int
			if err := db.QueryRow(fmt.Sprintf("SELECT COUNT(*), %d + ? FROM t", i), 1).Scan(&n, &sum); err != nil || sum != i+1 || n != 3+round {
				t.Fatalf("statement %d: %d rows, sum %d, %v", i, n, sum, err)
			}
		}
		if _, err := db.Exec("INSERT INTO t (n) VALUES (?)", 4); err != nil {
			t.Fatal(err)
		}
		if _, err := db.Exec(fmt.Sprintf("ALTER TABLE t ADD COLUMN c%d TEXT", round)); err != nil {
			t.Fatal(err)
		}
	}
}

// TestKeptStatementFails: what failed once is as good as new.
func TestKeptStatementFails(t *testing.T) {
	db := openKeeping(t)
	if _, err := db.Exec("CREATE UNIQUE INDEX t_n ON t (n)"); err != nil {
		t.Fatal(err)
	}
	for i := range 3 {
		if _, err := db.Exec("INSERT INTO t (n) VALUES (?)", 1); !sqliteDialect.isDuplicate(err) {
			t.Errorf("a duplicate: %v", err)
		}
		if _, err := db.Exec("INSERT INTO t (n) VALUES (?)", 10+i); err != nil {
			t.Error(err)
		}
	}
}
