//go:build profile

package main

import (
	"fmt"
	"net"
	"net/http"
	"net/http/pprof"
	"os"
	"runtime/debug"
)

// init serves profiles on a free port of loopback, and says where: only in the variant that the benchmarks build.
func init() {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		fmt.Fprintln(os.Stderr, "serve profiles:", err)
		os.Exit(exitFail)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("/debug/pprof/", pprof.Index)
	mux.HandleFunc("/debug/pprof/profile", pprof.Profile)
	mux.HandleFunc("/debug/pprof/trace", pprof.Trace)
	mux.HandleFunc("/debug/free", func(http.ResponseWriter, *http.Request) { debug.FreeOSMemory() })
	go http.Serve(listener, mux)
	fmt.Printf("profile on http://%s\n", listener.Addr())
}
