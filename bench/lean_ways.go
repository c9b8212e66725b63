package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"net/http"

	"github.com/coder/websocket"
	"github.com/gobwas/ws"
	"github.com/lxzan/gws"

	"vetroom/signaling"
)

// leanWay is a way to serve sockets that wait. What each does for its clients is the same: the handshake by net/http, a
// join that is answered with a room message, every other message read and decoded, and a message told to all.
type leanWay struct {
	name    string
	handler func(*hall) (http.Handler, error)
}

var leanWays = []leanWay{
	{"library", library(nil)},         // coder/websocket as it comes, read by a goroutine after its handler returned
	{"library small", library(small)}, // the same with the product's buffers: 128 and 1,024 bytes, not 4 KiB each
	{"gws", gwsWay(4096)},             // lxzan/gws as it comes: no buffer to write
	{"gws small", gwsWay(128)},        // the same with a buffer of 128 bytes to read
	{"frames", framesWay},             // gobwas/ws: frames straight on the connection, a goroutine, no buffers
}

// library takes the connection as the server hands it over, or as what is given makes it do that.
func library(within func(http.ResponseWriter) http.ResponseWriter) func(*hall) (http.Handler, error) {
	return func(h *hall) (http.Handler, error) {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if within != nil {
				w = within(w)
			}
			conn, err := websocket.Accept(w, r, &websocket.AcceptOptions{
				Subprotocols: []string{signaling.Subprotocol}, InsecureSkipVerify: true,
			})
			if err == nil {
				go librarySocket{conn}.read(h)
			}
		}), nil
	}
}

type librarySocket struct{ *websocket.Conn }

func (s librarySocket) read(h *hall) {
	defer s.CloseNow()
	for {
		_, message, err := s.Read(context.Background())
		if err != nil || h.hear(s, message) != nil {
			return
		}
	}
}

func (s librarySocket) tell(message []byte) error {
	return s.Write(context.Background(), websocket.MessageText, message)
}

// smallBuffers hands connections over with smaller buffers than the server's.
type smallBuffers struct{ http.ResponseWriter }

func small(w http.ResponseWriter) http.ResponseWriter { return smallBuffers{w} }

// Hijack implements http.Hijacker.
func (w smallBuffers) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	conn, rw, err := http.NewResponseController(w.ResponseWriter).Hijack()
	if err != nil {
		return nil, nil, err
	}
	early, err := rw.Reader.Peek(rw.Reader.Buffered()) // the library answers first, and takes over then
	if err != nil {
		conn.Close()
		return nil, nil, err
	}
	in := bufio.NewReaderSize(io.MultiReader(bytes.NewReader(early), conn), 128)
	if _, err := in.Peek(len(early)); err != nil {
		conn.Close()
		return nil, nil, err
	}
	return conn, bufio.NewReadWriter(in, bufio.NewWriterSize(conn, 1024)), nil
}

func gwsWay(buffer int) func(*hall) (http.Handler, error) {
	return func(h *hall) (http.Handler, error) {
		up := gws.NewUpgrader(gwsEvents{hall: h}, &gws.ServerOption{
			ReadBufferSize: buffer, SubProtocols: []string{signaling.Subprotocol},
		})
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if conn, err := up.Upgrade(w, r); err == nil {
				go conn.ReadLoop()
			}
		}), nil
	}
}

// gwsEvents handles what comes for all sockets of gws.
type gwsEvents struct {
	gws.BuiltinEventHandler
	hall *hall
}

// OnMessage implements gws.Event.
func (e gwsEvents) OnMessage(conn *gws.Conn, m *gws.Message) {
	defer m.Close()
	if e.hall.hear(gwsSocket{conn}, m.Bytes()) != nil {
		conn.WriteClose(uint16(websocket.StatusPolicyViolation), nil)
	}
}

type gwsSocket struct{ *gws.Conn }

func (s gwsSocket) tell(message []byte) error { return s.WriteMessage(gws.OpcodeText, message) }

func framesWay(h *hall) (http.Handler, error) {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		conn, err := upgrade(w, r)
		if err == nil {
			go readFrames(h, conn)
		}
	}), nil
}

var errEarly = errors.New("the client did not wait for the answer to its request")

// upgrade does the handshake by gobwas/ws, which keeps nothing after it.
func upgrade(w http.ResponseWriter, r *http.Request) (net.Conn, error) {
	u := ws.HTTPUpgrader{Protocol: func(name string) bool { return name == signaling.Subprotocol }}
	conn, rw, _, err := u.Upgrade(r, w)
	if err == nil && rw.Reader.Buffered() > 0 {
		err = errEarly
	}
	if err != nil && conn != nil {
		conn.Close()
	}
	return conn, err
}

func readFrames(h *hall, conn net.Conn) {
	defer conn.Close()
	for (framedSocket{conn}).take(h, conn) == nil {
	}
}

// framedSocket speaks frames on a connection. Each is one Write, which the connection keeps whole.
type framedSocket struct{ io.Writer }

// take reads and handles one frame.
func (s framedSocket) take(h *hall, from io.Reader) error {
	header, err := ws.ReadHeader(from)
	if err != nil {
		return err
	}
	if header.Length > signaling.MaxFrame {
		return ws.ErrHeaderLengthUnexpected
	}
	payload := make([]byte, header.Length)
	if _, err := io.ReadFull(from, payload); err != nil {
		return err
	}
	f := ws.UnmaskFrameInPlace(ws.Frame{Header: header, Payload: payload})
	switch header.OpCode {
	case ws.OpClose:
		return net.ErrClosed
	case ws.OpPing:
		return s.send(ws.NewPongFrame(f.Payload))
	case ws.OpText:
		return h.hear(s, f.Payload)
	}
	return nil
}

func (s framedSocket) tell(message []byte) error { return s.send(ws.NewTextFrame(message)) }

func (s framedSocket) send(f ws.Frame) error {
	b, err := ws.CompileFrame(f)
	if err == nil {
		_, err = s.Write(b)
	}
	return err
}
