package signaling

import (
	"context"
	"errors"
	"fmt"
	"time"

	"vetroom/clinic"
)

// What an [Echo] refuses.
var (
	ErrEchoBusy = errors.New("there are as many echoes as there may be")
	ErrBadOffer = errors.New("the offer cannot be answered")
)

// relayedFor is how long a check may use the relay.
const relayedFor = 2 * time.Minute

var (
	errNoEcho = refuse(CodeNoEcho, "The connection cannot be tried here.")
	errBusy   = refuse(CodeBusy, "Too many try their connection now. Try again later.")
)

// check names the relay for a check, or begins its echo. Either ends the one before.
func (p *peer) check(m Check) {
	p.endEcho()
	role, _, err := p.mayCheck(m.Room)
	switch {
	case err != nil:
		p.refuse(refusalOf(err))
	case p.srv.cfg.Echo == nil:
		p.refuse(errNoEcho)
	case m.Offer == "":
		servers := p.srv.cfg.ICE(m.Room, role, p.srv.now().Add(relayedFor))
		p.send(encode(CheckFrame{Type: "check", Room: m.Room, ICEServers: servers}))
	default:
		p.beginEcho(m)
	}
}

// mayCheck tells whose part in a room that is not closed the client has. Each message of a check counts, whatever comes of it.
func (p *peer) mayCheck(room string) (clinic.Role, *clinic.Visit, error) {
	now := p.srv.now()
	if !p.checks.AllowN(now, 1) {
		p.tolerate(now)
		return "", nil, errRateLimited
	}
	ctx, cancel := context.WithTimeout(p.srv.ctx, lookupWait)
	defer cancel()
	if !p.who.Known() {
		return "", nil, clinic.ErrNotFound
	}
	role, visit, err := p.srv.cfg.Rights.RoleIn(ctx, p.who, room)
	if err != nil {
		return "", nil, err
	}
	if visit.Room.StateAt(now) == clinic.RoomShut {
		return "", nil, errRoomClosed
	}
	return role, visit, nil
}

func (p *peer) beginEcho(m Check) {
	ctx, end := context.WithCancel(p.srv.ctx)
	answer, err := p.srv.cfg.Echo.Answer(ctx, p.address, m.Offer)
	if err != nil {
		end()
		p.refuse(p.srv.whyNoEcho(err))
		return
	}
	p.echo = end
	p.send(encode(CheckFrame{Type: "check", Room: m.Room, Description: &Description{"answer", answer}}))
}

func (s *Server) whyNoEcho(err error) *refusal {
	switch {
	case errors.Is(err, ErrEchoBusy):
		return errBusy
	case errors.Is(err, ErrBadOffer):
		s.cfg.Log.Debug("an offer cannot be answered", "error", err)
		return refuse(CodeBadOffer, "%s", err)
	}
	s.cfg.Log.Warn("begin an echo", "error", err)
	return errNoEcho
}

// endEcho ends the echo of this socket, if there is one.
func (p *peer) endEcho() {
	if p.echo != nil {
		p.echo()
		p.echo = nil
	}
}

// checked notes how a check went. Its echo goes on: one may still look at it.
func (p *peer) checked(m Checked) {
	role, visit, err := p.mayCheck(m.Room)
	if err != nil {
		p.refuse(refusalOf(err))
		return
	}
	if !p.srv.results.allow(m.Room, role, p.srv.now()) {
		p.refuse(errRateLimited)
		return
	}
	p.srv.diary.note(clinic.Entry{
		ReservationID: visit.Reservation.ID, At: clinic.Millis(p.srv.now()), What: clinic.WhatChecked, By: party(role),
		Detail: fmt.Sprintf("%s %s", m.Result.Verdict, m.Result.Way),
	})
	if p.srv.cfg.OnChecked != nil {
		p.srv.cfg.OnChecked(m.Result.Verdict, m.Result.Way)
	}
	p.send(encode(CheckedFrame{"checked", m.Room}))
}
