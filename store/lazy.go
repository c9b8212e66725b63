package store

import (
	"context"
	"database/sql/driver"
	"errors"
)

// beginText begins a transaction on a server, in front of the first statement.
const beginText = "START TRANSACTION;\n"

// serverConn is what database/sql may ask a server's connection for.
type serverConn interface {
	fullConn
	driver.NamedValueChecker
}

// lazyConn begins a transaction together with its first statement: a message of its own would cost as much as that.
type lazyConn struct {
	serverConn
	pending bool // a transaction began whose beginning was not sent yet
}

// BeginTx implements driver.ConnBeginTx.
func (c *lazyConn) BeginTx(ctx context.Context, options driver.TxOptions) (driver.Tx, error) {
	if options != (driver.TxOptions{}) {
		return c.serverConn.BeginTx(ctx, options)
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	c.pending = true
	return lazyTx{c}, nil
}

// ExecContext implements driver.ExecerContext.
func (c *lazyConn) ExecContext(ctx context.Context, text string, args []driver.NamedValue) (driver.Result, error) {
	if c.pending {
		text = beginText + text
	}
	result, err := c.serverConn.ExecContext(ctx, text, args)
	if !errors.Is(err, driver.ErrSkip) {
		c.pending = false
	}
	return result, err
}

// QueryContext implements driver.QueryerContext.
func (c *lazyConn) QueryContext(ctx context.Context, text string, args []driver.NamedValue) (driver.Rows, error) {
	if c.pending {
		text = beginText + text
	}
	rows, err := c.serverConn.QueryContext(ctx, text, args)
	if !errors.Is(err, driver.ErrSkip) {
		c.pending = false
	}
	return rows, err
}

// PrepareContext implements driver.ConnPrepareContext: for a statement that is too long to be sent with its parameters.
func (c *lazyConn) PrepareContext(ctx context.Context, text string) (driver.Stmt, error) {
	if c.pending {
		c.pending = false
		if _, err := c.serverConn.ExecContext(ctx, "START TRANSACTION", nil); err != nil {
			return nil, err
		}
	}
	return c.serverConn.PrepareContext(ctx, text)
}

// lazyTx is the end of a transaction.
type lazyTx struct{ c *lazyConn }

// Commit implements driver.Tx.
func (t lazyTx) Commit() error { return t.end("COMMIT") }

// Rollback implements driver.Tx.
func (t lazyTx) Rollback() error { return t.end("ROLLBACK") }

func (t lazyTx) end(word string) error {
	if t.c.pending {
		t.c.pending = false
		return nil
	}
	_, err := t.c.serverConn.ExecContext(context.Background(), word, nil)
	return err
}
