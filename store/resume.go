package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io/fs"
	"regexp"
	"slices"
	"strings"
)

// A server cannot roll back its DDL. Of a migration that was broken off, by a kill say, some tables are there and its
// version is not: it runs again, and what a statement makes may be there from the time before.

// made are the numbers of: a table, a column and an index that is there already.
var made = []int{1050, 1060, 1061}

// resuming has connections take what is there already for made.
type resuming struct{ driver.Connector }

// Connect implements driver.Connector.
func (r resuming) Connect(ctx context.Context) (driver.Conn, error) {
	whole, err := connect(ctx, r.Connector)
	if err != nil {
		return nil, err
	}
	return resumingConn{whole}, nil
}

type resumingConn struct{ serverConn }

// ExecContext implements driver.ExecerContext.
func (c resumingConn) ExecContext(ctx context.Context, text string, args []driver.NamedValue) (driver.Result, error) {
	result, err := c.serverConn.ExecContext(ctx, text, args)
	if n, ok := mysqlNumber(err); ok && slices.Contains(made, n) {
		return driver.ResultNoRows, nil
	}
	return result, err
}

// prepareResume makes sure that tables of our names are ours: a database that was never migrated has none of them. And
// where it broke off behind the table of versions it puts in the row that goose wants there.
func (s *Store) prepareResume(ctx context.Context, db *sql.DB, folder fs.FS) error {
	var begun bool
	if err := db.QueryRowContext(ctx, s.dialect().hasTable, "goose_db_version").Scan(&begun); err != nil {
		return err
	}
	if begun {
		_, err := db.ExecContext(ctx, `INSERT INTO goose_db_version (version_id, is_applied)
			SELECT 0, TRUE FROM DUAL WHERE NOT EXISTS (SELECT 1 FROM goose_db_version)`)
		return err
	}
	names, err := tableNames(folder)
	if err != nil {
		return err
	}
	var foreign string
	err = db.QueryRowContext(ctx, "SELECT table_name FROM information_schema.tables WHERE table_schema = DATABASE() AND table_name IN (?"+
		strings.Repeat(", ?", len(names)-1)+") LIMIT 1", names...).Scan(&foreign)
	if errors.Is(err, sql.ErrNoRows) {
		return nil
	}
	if err == nil {
		err = fmt.Errorf("another program's table %q is in the database: give Vetroom a database of its own", foreign)
	}
	return err
}

var createTable = regexp.MustCompile(`(?m)^CREATE TABLE (\w+)`)

// tableNames gives the names of all tables that the migrations make.
func tableNames(folder fs.FS) (names []any, err error) {
	files, err := fs.Glob(folder, "*.sql")
	for _, file := range files {
		text, err := fs.ReadFile(folder, file)
		if err != nil {
			return nil, err
		}
		for _, m := range createTable.FindAllSubmatch(text, -1) {
			names = append(names, string(m[1]))
		}
	}
	return names, err
}
