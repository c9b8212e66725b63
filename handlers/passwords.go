package handlers

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/alexedwards/argon2id"

	"vetroom/clinic"
)

// PasswordParams are those of every password hash that is made here: OWASP's for argon2id with 19 MiB.
var PasswordParams = &argon2id.Params{Memory: 19 * 1024, Iterations: 2, Parallelism: 1, SaltLength: 16, KeyLength: 32}

// HashPassword gives the argon2id hash of a password in PHC form, as a vet's PasswordHash.
func HashPassword(password string) (string, error) {
	return argon2id.CreateHash(password, PasswordParams)
}

const (
	hashesAtOnce = 2  // each takes a core and 19 MiB
	hashesQueued = 64 // more wait longer than anybody does
)

// passwords checks passwords, a few at a time, in the order in which they came.
type passwords struct {
	dummy string        // what the password of nobody is compared with
	queue chan struct{} // places in the queue, those at work included
	work  chan struct{} // places at work
}

func newPasswords() (*passwords, error) {
	dummy, err := HashPassword("nobody's")
	if err != nil {
		return nil, fmt.Errorf("hash a password: %w", err)
	}
	return &passwords{
		dummy: dummy, queue: make(chan struct{}, hashesQueued), work: make(chan struct{}, hashesAtOnce),
	}, nil
}

// match tells whether password is that of hash. An empty hash is that of nobody: it takes as long and is false.
// It returns errBusy if its turn does not come.
func (p *passwords) match(ctx context.Context, password, hash string) (bool, error) {
	select {
	case p.queue <- struct{}{}:
		defer func() { <-p.queue }()
	default:
		return false, errBusy
	}
	select {
	case p.work <- struct{}{}:
		defer func() { <-p.work }()
	case <-ctx.Done():
		return false, errBusy
	}
	known := hash != ""
	if !known {
		hash = p.dummy
	}
	ok, err := argon2id.ComparePasswordAndHash(password, hash)
	if err != nil {
		return false, fmt.Errorf("compare a password: %w", err)
	}
	return ok && known, nil
}

// signIn finds the vet of a login and password. It returns errBadCredentials, in the same words and the same time
// for an unknown login as for a wrong password, errRateLimited and errBusy.
func (h *Handler) signIn(c *call, login, password string) (*clinic.Vet, error) {
	login = strings.ToLower(strings.TrimSpace(login))
	at := neighbourhood(c.address)
	try, err := enter(c.ctx(), demand{h.brakes.passwords, at}, demand{h.brakes.login, at + " " + login})
	if err != nil {
		return nil, err
	}
	vet, err := h.checkPassword(c.ctx(), login, password)
	try.settle(errors.Is(err, errBadCredentials))
	return vet, err
}

func (h *Handler) checkPassword(ctx context.Context, login, password string) (*clinic.Vet, error) {
	vet, err := h.Desk.Store.VetByLogin(ctx, login)
	hash := ""
	switch {
	case err == nil:
		hash = vet.PasswordHash
	case !errors.Is(err, clinic.ErrNotFound):
		return nil, err
	}
	ok, err := h.doors.match(ctx, password, hash)
	if err == nil && !ok {
		err = errBadCredentials
	}
	if err != nil {
		return nil, err
	}
	return vet, nil
}
