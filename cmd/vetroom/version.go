package main

import (
	"cmp"
	"runtime"
	"runtime/debug"
)

type versionCmd struct{}

// Run prints one line.
func (versionCmd) Run(a *app) error { return a.say("%s", versionText()) }

// versionText says which program this is: what the linker was told, or what the build knows of itself.
func versionText() string {
	built := commit
	if info, ok := debug.ReadBuildInfo(); ok && built == "" {
		for _, s := range info.Settings {
			if s.Key == "vcs.revision" {
				built = s.Value
			}
		}
	}
	return "vetroom " + version + " commit " + cmp.Or(built, "unknown") + " " + runtime.Version()
}
