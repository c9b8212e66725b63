package store

import (
	"context"
	"database/sql/driver"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"

	"vetroom/store/storetest/mariadb"
)

// breaking has each statement of a migration fail once, behind what it made: a process that was killed there.
type breaking struct {
	driver.Connector
	seen map[string]bool
}

// Connect implements driver.Connector.
func (b breaking) Connect(ctx context.Context) (driver.Conn, error) {
	conn, err := b.Connector.Connect(ctx)
	if err != nil {
		return nil, err
	}
	return breakingConn{conn.(serverConn), b.seen}, nil
}

type breakingConn struct {
	serverConn
	seen map[string]bool
}

// ExecContext implements driver.ExecerContext.
func (c breakingConn) ExecContext(ctx context.Context, text string, args []driver.NamedValue) (driver.Result, error) {
	result, err := c.serverConn.ExecContext(ctx, text, args)
	if err != nil || c.seen[text] || strings.Contains(text, "goose_db_version") {
		return result, err
	}
	c.seen[text] = true
	return nil, io.ErrUnexpectedEOF
}

func TestBrokenOffMigrationsGoOn(t *testing.T) {
	server := mariadb.Shared(t, mariadb.Options{})
	whole, broken := openTest(t, server.Database(t)), openTest(t, server.Database(t))
	if err := whole.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	broken.server = breaking{broken.server, seen}
	for n := 0; ; n = len(seen) {
		err := broken.Migrate(t.Context())
		if err == nil {
			break
		}
		if !errors.Is(err, ErrUnavailable) || len(seen) == n {
			t.Fatalf("behind break %d: %v", n, err)
		}
		if n == 0 { // as if it broke off before the first of the versions
			if _, err := broken.reader.ExecContext(t.Context(), "DELETE FROM goose_db_version"); err != nil {
				t.Fatal(err)
			}
		}
	}
	if got, want := shape(t, broken), shape(t, whole); !slices.Equal(got, want) || len(seen) < 50 || len(want) < 100 {
		t.Errorf("after %d breaks the database is\n%s\nwant\n%s", len(seen), strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// shape gives a line for each column and index, version and row that the migrations make.
func shape(t *testing.T, s *Store) (lines []string) {
	t.Helper()
	rows, err := s.reader.QueryContext(t.Context(), `
		SELECT CONCAT_WS(' ', table_name, column_name, column_type, is_nullable, column_default, collation_name)
		FROM information_schema.columns WHERE table_schema = DATABASE()
		UNION ALL SELECT CONCAT_WS(' ', table_name, index_name, non_unique, seq_in_index, column_name)
		FROM information_schema.statistics WHERE table_schema = DATABASE()
		UNION ALL SELECT CONCAT_WS(' ', 'version', version_id, is_applied, COUNT(*)) FROM goose_db_version GROUP BY version_id, is_applied
		UNION ALL SELECT CONCAT_WS(' ', 'register', id, version) FROM hospital_register ORDER BY 1`)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		var line string
		if err := rows.Scan(&line); err != nil {
			t.Fatal(err)
		}
		lines = append(lines, line)
	}
	return lines
}

func TestTablesOfOthersAreNotTakenOver(t *testing.T) {
	s := openTest(t, mariadb.Shared(t, mariadb.Options{}).Database(t))
	if _, err := s.reader.ExecContext(t.Context(), "CREATE TABLE timeline (id INT)"); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := s.Migrate(t.Context()); err == nil || !strings.Contains(err.Error(), "timeline") || !errors.Is(s.SchemaState(t.Context()), ErrSchemaOld) {
			t.Errorf("a database that holds a table of that name: %v", err)
		}
	}
}
