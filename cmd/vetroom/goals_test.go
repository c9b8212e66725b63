//go:build !long

package main

import "time"

// busyMachine is what every goal in time allows for beside what it says. It is held on whatever machine the tests run, beside
// whatever runs there: that may hold up a process, a browser or a disk for seconds, more than once, although the product is
// right. What a goal says is held by make long, and measured by the benchmarks.
const busyMachine = 8 * time.Second

// soundMadeUp is how much of the sound of the first five seconds of a narrow way a browser may have to make up, 0..1; of
// one that carries a picture as before nearly all of it.
const soundMadeUp = 0.8
