//go:build !unix

package signaling

import "errors"

// canPoll says that connections are read in the plain way.
const canPoll = false

var errNothing = errors.ErrUnsupported

func readNow(uintptr, []byte) (int, error) { return 0, errors.ErrUnsupported }
