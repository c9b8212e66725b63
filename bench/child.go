package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
)

// childPlan makes a child process ready for many sockets, and for profiles if asked to, and reads its plan, a JSON object
// in the first line that its parent writes to it.
func childPlan[T any](profile bool) (plan T, err error) {
	if err := raiseFileLimit(); err != nil {
		return plan, err
	}
	if profile {
		if err := serveProfiles(); err != nil {
			return plan, err
		}
	}
	line, err := bufio.NewReader(os.Stdin).ReadBytes('\n')
	if err == nil {
		err = json.Unmarshal(line, &plan)
	}
	if err != nil {
		return plan, fmt.Errorf("read the plan: %w", err)
	}
	return plan, nil
}

// serveFloor serves a floor on a free port, which it prints, until ctx ends.
func serveFloor(ctx context.Context, handler http.Handler) error {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	s := &http.Server{Handler: handler}
	context.AfterFunc(ctx, func() { s.Close() })
	fmt.Printf("ready on http://%s\n", listener.Addr())
	if err := s.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}
