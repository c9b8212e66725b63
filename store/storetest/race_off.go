//go:build !race

package storetest

// raceDetector says that everything takes ten times as long.
const raceDetector = false
