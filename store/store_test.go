package store_test

import (
	"testing"

	"vetroom/store/storetest"
	"vetroom/store/storetest/mariadb"
)

func TestSQLite(t *testing.T) {
	storetest.Run(t, func(t *testing.T) string { return storetest.SQLiteURL(t) })
}

func TestMariaDB(t *testing.T) {
	server := mariadb.Shared(t, mariadb.Options{})
	storetest.Run(t, func(t *testing.T) string { return server.Database(t) })
}

func TestMariaDBWithSnapshotIsolation(t *testing.T) {
	server := mariadb.Shared(t, mariadb.Options{SnapshotIsolation: true})
	storetest.Run(t, func(t *testing.T) string { return server.Database(t) })
}
