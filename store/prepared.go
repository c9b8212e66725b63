package store

import (
	"container/list"
	"context"
	"database/sql/driver"
	"errors"
)

// keptStatements bounds how many prepared statements a connection keeps, and keptOnServer how many if they are kept by a
// server: MySQL and its kin hold 16,382 for all connections of all processes. keptLength is how long the text of one may
// be: those with long lists are seldom the same twice.
const (
	keptStatements = 100
	keptOnServer   = 50
	keptLength     = 4 << 10
)

// preparing has the connections of a database in this process keep the statements that they prepared. Reading a text
// anew costs SQLite as much as running it, and a server more than the way there.
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
	return keeping(whole, keptStatements), nil
}

// keeping makes a connection keep its statements, limit of them at most.
func keeping(conn fullConn, limit int) *preparedConn {
	return &preparedConn{fullConn: conn, limit: limit, kept: map[string]*list.Element{}, recent: list.New()}
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

// preparedConn keeps the statements that it prepared, by text: those that came twice. database/sql lets one goroutine
// use it at a time.
type preparedConn struct {
	fullConn
	limit  int
	server bool // what cannot be prepared is run as text: a server may hold too many statements already
	begun  bool // a transaction is there without having been begun
	kept   map[string]*list.Element
	recent *list.List // of *preparedStmt, least recently used first
}

// preparedStmt is a statement that is kept.
type preparedStmt struct {
	text        string
	driver.Stmt      // nil of one that came once
	busy        bool // its rows are being read
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

// BeginTx implements driver.ConnBeginTx.
func (c *preparedConn) BeginTx(ctx context.Context, options driver.TxOptions) (driver.Tx, error) {
	if c.begun && options == (driver.TxOptions{}) {
		return begunTx{c.fullConn}, nil
	}
	return c.fullConn.BeginTx(ctx, options)
}

// begunTx is a transaction that its first statement begins.
type begunTx struct{ conn fullConn }

// Commit implements driver.Tx.
func (t begunTx) Commit() error { return t.end("COMMIT") }

// Rollback implements driver.Tx.
func (t begunTx) Rollback() error { return t.end("ROLLBACK") }

func (t begunTx) end(text string) error {
	_, err := t.conn.ExecContext(context.Background(), text, nil)
	return err
}

// keep gives the prepared statement of a text, and nil for one that is not to be kept, that came for the first time, or
// that is in use.
func (c *preparedConn) keep(ctx context.Context, text string) (*preparedStmt, error) {
	if len(text) > keptLength {
		return nil, nil
	}
	e, ok := c.kept[text]
	if !ok {
		c.kept[text] = c.recent.PushBack(&preparedStmt{text: text})
		return nil, c.forgetOldest()
	}
	c.recent.MoveToBack(e)
	s := e.Value.(*preparedStmt)
	if s.busy {
		return nil, nil
	}
	if s.Stmt == nil {
		prepared, err := c.PrepareContext(ctx, text)
		if err != nil {
			return nil, c.unprepared(err)
		}
		s.Stmt = prepared
	}
	return s, nil
}

// unprepared gives the error of a statement that could not be prepared, and none if it may be run as text.
func (c *preparedConn) unprepared(err error) error {
	if _, told := mysqlNumber(err); told && c.server {
		return nil
	}
	return err
}

// forgetOldest closes what is more than is to be kept.
func (c *preparedConn) forgetOldest() error {
	oldest := c.recent.Front()
	s := oldest.Value.(*preparedStmt)
	if c.recent.Len() <= c.limit || s.busy {
		return nil
	}
	c.recent.Remove(oldest)
	delete(c.kept, s.text)
	return s.close()
}

func (s *preparedStmt) close() error {
	if s.Stmt == nil {
		return nil
	}
	return s.Stmt.Close()
}

// Close implements driver.Conn. A server forgets a connection's statements by itself.
func (c *preparedConn) Close() error {
	var errs []error
	for e := c.recent.Front(); e != nil && !c.server; e = e.Next() {
		errs = append(errs, e.Value.(*preparedStmt).close())
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
