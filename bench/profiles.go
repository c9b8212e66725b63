package main

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/pprof"
	"os"
	"path/filepath"
	"runtime/debug"
	"strings"
	"time"
)

// serveProfiles serves this process's profiles on a free port of loopback, and says where.
func serveProfiles() error {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return fmt.Errorf("serve profiles: %w", err)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("/debug/pprof/", pprof.Index)
	mux.HandleFunc("/debug/pprof/profile", pprof.Profile)
	mux.HandleFunc("/debug/pprof/trace", pprof.Trace)
	mux.HandleFunc("/debug/free", func(http.ResponseWriter, *http.Request) { debug.FreeOSMemory() })
	go http.Serve(listener, mux)
	fmt.Printf("profile on http://%s\n", listener.Addr())
	return nil
}

// fetchProfile writes what a profile's address answers into a file of the folder for profiles.
func (l *lab) fetchProfile(p *process, path, name string) {
	if l.CPUProfile == "" || p.profile == "" {
		return
	}
	name = strings.NewReplacer(" ", "-", "/", "-").Replace(name)
	if err := fetch(p.profile+path, filepath.Join(l.CPUProfile, name)); err != nil {
		fmt.Fprintln(os.Stderr, "profile:", err)
	}
}

func fetch(url, file string) error {
	res, err := http.Get(url)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	out, err := os.Create(file)
	if err != nil {
		return err
	}
	defer out.Close()
	_, err = io.Copy(out, res.Body)
	return err
}

// profileAt takes a CPU profile of processes from shortly before an instant on, in the background.
func (l *lab) profileAt(at time.Time, seconds int, name string, of map[string]*process) {
	if l.CPUProfile == "" {
		return
	}
	for who, p := range of {
		go func() {
			if sleep(l.ctx, time.Until(at.Add(-100*time.Millisecond))) == nil {
				l.fetchProfile(p, fmt.Sprintf("/debug/pprof/profile?seconds=%d", seconds), name+" "+who+".cpu.pprof")
			}
		}()
	}
}
