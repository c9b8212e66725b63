//go:build long

package main

// busyMachine is nothing: the goals are held as they stand, on a machine that has nothing else to do.
const busyMachine = 0

// soundMadeUp is how much of the sound of the first five seconds of a narrow way a browser may have to make up, 0..1.
const soundMadeUp = 0.5
