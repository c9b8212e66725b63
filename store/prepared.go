package store

import (
	"container/list"
	"context"
	"database/sql/driver"
	"errors"
)

// keptStatements bounds how many prepared statements a connection keeps; keptLength how long the text of one may be:
// those with long lists are seldom the same twice.
const (
	keptStatements = 100
	keptLength     = 4 << 10
)

// preparing has the connections of a database in this process keep the statements that they prepared. Reading a text
// anew costs SQLite as much as running it.
type preparing struct{ driver.Connector }

// Connect implements driver.Connector.
func (p preparing) Connect(ctx context.Context) (driver.Conn, error) {
	conn, err := p.Connector.Connect(ctx)
	if err != nil {
		return nil, err
	}
	whole, ok := conn.(fullConn)
	if !ok {
		return nil, errors.Join(errors.New("the driver's connection cannot be wrapped"), conn.Close())
	}
	return &preparedConn{fullConn: whole, kept: map[string]*list.Element{}, recent: list.New()}, nil
}

// fullConn is what database/sql may ask a connection for.
type fullConn interface {
	driver.Conn
	driver.ConnBeginTx
	driver.ConnPrepareContext
	driver.ExecerContext
	driver.QueryerContext
	driver.Pinger
	driver.SessionResetter
	driver.Validator
}

// preparedConn keeps the statements that it prepared, by text. database/sql lets one goroutine use it at a time.
type preparedConn struct {
	fullConn
	kept   map[string]*list.Element
	recent *list.List // of *preparedStmt, least recently used first
}

// preparedStmt is a statement that is kept.
type preparedStmt struct {
	text string
	driver.Stmt
	busy bool // its rows are being read
}

// ExecContext implements driver.ExecerContext.
func (c *preparedConn) ExecContext(ctx context.Context, text string, args []driver.NamedValue) (driver.Result, error) {
	s, err := c.keep(ctx, text)
	if err != nil {
		return nil, err
	}
	if s == nil {
		return c.fullConn.ExecContext(ctx, text, args)
	}
	return s.Stmt.(driver.StmtExecContext).ExecContext(ctx, args)
}

// QueryContext implements driver.QueryerContext.
func (c *preparedConn) QueryContext(ctx context.Context, text string, args []driver.NamedValue) (driver.Rows, error) {
	s, err := c.keep(ctx, text)
	if err != nil {
		return nil, err
	}
	if s == nil {
		return c.fullConn.QueryContext(ctx, text, args)
	}
	rows, err := s.Stmt.(driver.StmtQueryContext).QueryContext(ctx, args)
	if err != nil {
		return nil, err
	}
	s.busy = true
	return &preparedRows{rows, s}, nil
}

// keep gives the prepared statement of a text, and nil for one that is not to be kept, or that is in use.
func (c *preparedConn) keep(ctx context.Context, text string) (*preparedStmt, error) {
	if e, ok := c.kept[text]; ok {
		c.recent.MoveToBack(e)
		if s := e.Value.(*preparedStmt); !s.busy {
			return s, nil
		}
		return nil, nil
	}
	if len(text) > keptLength {
		return nil, nil
	}
	prepared, err := c.PrepareContext(ctx, text)
	if err != nil {
		return nil, err
	}
	s := &preparedStmt{text: text, Stmt: prepared}
	c.kept[text] = c.recent.PushBack(s)
	return s, c.forgetOldest()
}

// forgetOldest closes what is more than is to be kept.
func (c *preparedConn) forgetOldest() error {
	oldest := c.recent.Front()
	s := oldest.Value.(*preparedStmt)
	if c.recent.Len() <= keptStatements || s.busy {
		return nil
	}
	c.recent.Remove(oldest)
	delete(c.kept, s.text)
	return s.Close()
}

// Close implements driver.Conn.
func (c *preparedConn) Close() error {
	var errs []error
	for e := c.recent.Front(); e != nil; e = e.Next() {
		errs = append(errs, e.Value.(*preparedStmt).Close())
	}
	c.kept, c.recent = nil, list.New()
	return errors.Join(append(errs, c.fullConn.Close())...)
}

// preparedRows gives its statement free when it is closed.
type preparedRows struct {
	driver.Rows
	of *preparedStmt
}

// Close implements driver.Rows.
func (r *preparedRows) Close() error {
	r.of.busy = false
	return r.Rows.Close()
}
