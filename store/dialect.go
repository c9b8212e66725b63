package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/go-sql-driver/mysql"
	"github.com/pressly/goose/v3"
	"modernc.org/sqlite"
	sqlitecode "modernc.org/sqlite/lib"
)

// dialect is all that differs between SQLite and MySQL with its kin: MariaDB and TiDB.
type dialect struct {
	goose goose.Dialect
	// types fills the braces of the migrations.
	types map[string]string
	// embedded says that the database is a file of this machine, whose clock is the machine's.
	embedded bool
	// clock reads the database's clock in microseconds; dueClock is an expression of it in whole milliseconds. An
	// embedded database has none of its own.
	clock, dueClock string
	// shareLock ends a SELECT that keeps a row from change; rowLock one that keeps it from everybody.
	shareLock, rowLock string
	// byKey follows a table that is to be read by its key, however few its rows are: a scan would wait for all of them.
	byKey string
	// locksUnseen says that a locking read of two tables waits for a row that another is inserting, as one that names the
	// row by its key does everywhere. What else is there to wait for on a database with one writer?
	locksUnseen bool
	// hasTable counts the tables of a name.
	hasTable string
	// number gives an error's number by the database, if it is the database's.
	number func(error) (int, bool)
	// duplicate, again and away are the numbers of: a unique key that is taken; a transaction that may be tried again; a
	// database that cannot serve.
	duplicate, again, away []int
	// maxParams bounds the parameters of one statement.
	maxParams int
}

// keepFirst ends an INSERT: what is there already under the table's unique keys stays.
func (d *dialect) keepFirst(table, column string) string {
	if d.embedded {
		return " ON CONFLICT DO NOTHING"
	}
	return fmt.Sprintf(" ON DUPLICATE KEY UPDATE %s = %s.%s", column, table, column)
}

// takeLast ends an INSERT: a row that is there already under the key takes over the new one's column.
func (d *dialect) takeLast(key, column string) string {
	if d.embedded {
		return fmt.Sprintf(" ON CONFLICT (%s) DO UPDATE SET %s = excluded.%s", key, column, column)
	}
	return fmt.Sprintf(" ON DUPLICATE KEY UPDATE %s = VALUES(%s)", column, column)
}

var sqliteDialect = &dialect{
	goose:    goose.DialectSQLite3,
	types:    map[string]string{"ascii": "", "table": "", "compact": "WITHOUT ROWID", "serial": "INTEGER PRIMARY KEY"},
	embedded: true, locksUnseen: true,
	hasTable:  "SELECT COUNT(*) FROM sqlite_master WHERE type = 'table' AND name = ?",
	number:    sqliteNumber,
	duplicate: []int{sqlitecode.SQLITE_CONSTRAINT_UNIQUE, sqlitecode.SQLITE_CONSTRAINT_PRIMARYKEY},
	again:     []int{sqlitecode.SQLITE_BUSY, sqlitecode.SQLITE_BUSY_SNAPSHOT, sqlitecode.SQLITE_BUSY_RECOVERY, sqlitecode.SQLITE_LOCKED},
	away:      []int{sqlitecode.SQLITE_CANTOPEN, sqlitecode.SQLITE_FULL, sqlitecode.SQLITE_INTERRUPT, sqlitecode.SQLITE_IOERR, sqlitecode.SQLITE_READONLY},
	maxParams: 30_000, // SQLITE_MAX_VARIABLE_NUMBER is 32,766
}

var mysqlDialect = &dialect{
	goose: goose.DialectMySQL,
	types: map[string]string{
		"ascii":   "CHARACTER SET ascii COLLATE ascii_bin",
		"table":   "ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin",
		"compact": "ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin",
		"serial":  "BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY",
	},
	clock:     "SELECT CAST(UNIX_TIMESTAMP(UTC_TIMESTAMP(6)) * 1000000 AS SIGNED), VERSION()",
	dueClock:  "FLOOR(UNIX_TIMESTAMP(UTC_TIMESTAMP(6)) * 1000)",
	shareLock: " LOCK IN SHARE MODE",
	rowLock:   " FOR UPDATE", locksUnseen: true,
	byKey:     " FORCE INDEX (PRIMARY)",
	hasTable:  "SELECT COUNT(*) FROM information_schema.tables WHERE table_schema = DATABASE() AND table_name = ?",
	number:    mysqlNumber,
	duplicate: []int{1062},
	// Deadlock; lock wait timeout; MariaDB's "record has changed since last read"; TiDB's optimistic conflict and write
	// conflict.
	again: []int{1213, 1205, 1020, 8002, 9007},
	// Too many connections; shutdown; killed; read-only; TiDB's busy and unreachable storage and regions.
	away:      []int{1040, 1053, 1077, 1203, 1290, 1317, 1836, 1927, 9001, 9002, 9003, 9005, 9011},
	maxParams: 60_000,
}

// tidb is mysqlDialect for TiDB, which takes LOCK IN SHARE MODE for a plain read.
var tidbDialect = func() *dialect {
	d := *mysqlDialect
	d.shareLock, d.locksUnseen = d.rowLock, false
	return &d
}()

func sqliteNumber(err error) (int, bool) {
	var e *sqlite.Error
	if !errors.As(err, &e) {
		return 0, false
	}
	return e.Code(), true
}

func mysqlNumber(err error) (int, bool) {
	var e *mysql.MySQLError
	if !errors.As(err, &e) {
		return 0, false
	}
	return int(e.Number), true
}

// sqliteFile gives the path that a URL means.
func sqliteFile(address string) (string, error) {
	path := strings.TrimPrefix(address, "sqlite://")
	if unescaped, err := url.PathUnescape(path); err == nil {
		path = unescaped
	}
	if path == "" || strings.HasSuffix(path, "/") || strings.Contains(address, "?") {
		return "", errors.New("the URL must be like sqlite:///path/of/file.db")
	}
	return filepath.Clean(path), nil // of sqlite:////path, two slashes would begin a host's name
}

// openSQLite opens a file with one writing connection, and others that only read.
func openSQLite(path string) (write, read *sql.DB, err error) {
	if err := ownFile(path); err != nil {
		return nil, nil, err
	}
	file := url.URL{Scheme: "file", Opaque: (&url.URL{Path: path}).EscapedPath()}
	options := url.Values{"_pragma": {"busy_timeout(5000)", "journal_mode(WAL)", "synchronous(FULL)", "temp_store(MEMORY)"}, "_txlock": {"immediate"}}
	file.RawQuery = options.Encode()
	if write, err = openFile(file.String()); err != nil {
		return nil, nil, err
	}
	write.SetMaxOpenConns(1)
	options.Set("_query_only", "true")
	options.Set("_txlock", "deferred")
	file.RawQuery = options.Encode()
	if read, err = openFile(file.String()); err != nil {
		return nil, nil, errors.Join(err, write.Close())
	}
	read.SetMaxOpenConns(8)
	read.SetMaxIdleConns(8)
	return write, read, nil
}

func openFile(name string) (*sql.DB, error) {
	connector, err := sqlite.NewConnector(name)
	if err != nil {
		return nil, err
	}
	return sql.OpenDB(preparing{connector}), nil
}

// ownFile makes the database's file where there is none, for nobody else to read: it holds people's names and
// telephones. One that is there it leaves alone: to close a file gives up the locks that this process has on it
// (sqlite.org/howtocorrupt.html, 2.2).
func ownFile(path string) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_RDWR, 0o600)
	if errors.Is(err, fs.ErrExist) {
		if info, err := os.Stat(path); err != nil || !info.IsDir() {
			return err
		}
		return fmt.Errorf("%s is a folder", path)
	}
	if err != nil {
		return err
	}
	return f.Close()
}

var mysqlURL = regexp.MustCompile(`^mysql://(?:([^:@/]*)(?::([^@/]*))?@)?(?:unix\(([^)]+)\)|([^/?()]+))/([^/?]+)(\?.*)?$`)

// mysqlConfig reads the URL and sets what the store builds upon, whatever the URL says; the driver's other options and
// the server's variables may be given as its parameters.
func mysqlConfig(address string) (*mysql.Config, error) {
	m := mysqlURL.FindStringSubmatch(address)
	if m == nil {
		return nil, errors.New("the URL must be like mysql://user:password@host:3306/database or mysql://user@unix(/path.sock)/database")
	}
	cfg, err := mysql.ParseDSN("/" + m[6])
	if err != nil {
		return nil, errors.New("the parameters of the URL cannot be read")
	}
	for i, part := range []*string{&cfg.User, &cfg.Passwd} {
		if *part, err = url.PathUnescape(m[i+1]); err != nil {
			return nil, errors.New("the user or the password of the URL is not percent-encoded")
		}
	}
	cfg.Net, cfg.Addr, cfg.DBName = "unix", m[3], m[5]
	if m[3] == "" {
		cfg.Net, cfg.Addr = "tcp", m[4]
		if _, _, err := net.SplitHostPort(m[4]); err != nil {
			cfg.Addr = net.JoinHostPort(strings.Trim(m[4], "[]"), "3306")
		}
	}
	return cfg, setMySQL(cfg)
}

func setMySQL(cfg *mysql.Config) error {
	cfg.Loc, cfg.ParseTime, cfg.ClientFoundRows, cfg.RejectReadOnly = time.UTC, true, true, true
	// What is not worth preparing, see preparedConn, goes with its parameters in one message, and never as two statements.
	cfg.InterpolateParams, cfg.MultiStatements = true, false
	cfg.Logger = &mysql.NopLogger{}
	for _, limit := range []struct {
		of *time.Duration
		to time.Duration
	}{{&cfg.Timeout, 3 * time.Second}, {&cfg.ReadTimeout, 10 * time.Second}, {&cfg.WriteTimeout, 10 * time.Second}} {
		if *limit.of == 0 {
			*limit.of = limit.to
		}
	}
	if cfg.Params == nil {
		cfg.Params = map[string]string{}
	}
	cfg.Params["time_zone"] = "'+00:00'"
	if cfg.Params["innodb_lock_wait_timeout"] == "" {
		cfg.Params["innodb_lock_wait_timeout"] = "3" // seconds: the server gives up before our connection does
	}
	return cfg.Apply(mysql.Charset("utf8mb4", "utf8mb4_general_ci"))
}

// openMySQL opens a server with connections for transactions, and others whose statements stand for themselves.
func openMySQL(connector driver.Connector) (write, read *sql.DB) {
	write, read = sql.OpenDB(session{connector, true}), sql.OpenDB(session{connector, false})
	for db, most := range map[*sql.DB]int{write: 16, read: 24} {
		db.SetMaxOpenConns(most)
		db.SetMaxIdleConns(most)
		db.SetConnMaxLifetime(4 * time.Minute)
	}
	return write, read
}

// serverConn is what database/sql may ask a server's connection for.
type serverConn interface {
	fullConn
	driver.NamedValueChecker
}

// connect makes a connection that can be wrapped.
func connect(ctx context.Context, c driver.Connector) (serverConn, error) {
	conn, err := c.Connect(ctx)
	if err != nil {
		return nil, err
	}
	whole, ok := conn.(serverConn)
	if !ok {
		return nil, errors.Join(errors.New("the driver's connection cannot be wrapped"), conn.Close())
	}
	return whole, nil
}

// session has every connection read what is committed by each statement, not by the transaction's first. A change reads
// after it waited for a lock, and must see what it waited for; and an UPDATE of many rows keeps no lock on those that it
// passed over. And it has the server end a transaction whose process does not go on with it: a machine that vanished
// would else keep its locks for as long as the server believes in its connection.
type session struct {
	driver.Connector
	begun bool // a transaction begins with its first statement, not by a message of its own
}

// Connect implements driver.Connector.
func (c session) Connect(ctx context.Context) (driver.Conn, error) {
	whole, err := connect(ctx, c.Connector)
	if err != nil {
		return nil, err
	}
	begins := settings
	if c.begun {
		begins = append(slices.Clip(begins), "SET SESSION autocommit = 0")
	}
	for _, text := range begins {
		if _, err := whole.ExecContext(ctx, text, nil); err != nil && !isUnknownVariable(err) {
			return nil, errors.Join(err, whole.Close())
		}
	}
	kept := keeping(whole, keptOnServer)
	kept.server, kept.begun = true, c.begun
	return struct {
		*preparedConn
		driver.NamedValueChecker
	}{kept, whole}, nil
}

// settings are made on every connection, each where the server knows it: MySQL has no bound for transactions that wait
// for their client.
var settings = []string{
	"SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED",
	"SET SESSION idle_write_transaction_timeout = 5", // seconds; MariaDB
	"SET SESSION tidb_idle_transaction_timeout = 5",
}

func isUnknownVariable(err error) bool {
	n, ok := mysqlNumber(err)
	return ok && n == 1193
}
