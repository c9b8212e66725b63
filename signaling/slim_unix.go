//go:build unix

package signaling

import (
	"errors"
	"io"
	"syscall"
)

// canPoll says that a connection can be read without waiting.
const canPoll = true

// errNothing is that nothing is there yet.
var errNothing = errors.New("nothing is there")

// readNow reads what is there, without waiting. It returns errNothing if there is nothing yet, and io.EOF at the end.
func readNow(fd uintptr, b []byte) (int, error) {
	for {
		n, err := syscall.Read(int(fd), b)
		switch {
		case err == syscall.EINTR:
			continue
		case err == syscall.EAGAIN:
			return 0, errNothing
		case err != nil:
			return 0, err
		case n == 0:
			return 0, io.EOF
		}
		return n, nil
	}
}
