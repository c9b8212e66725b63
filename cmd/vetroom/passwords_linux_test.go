package main

import (
	"fmt"
	"os"
	"strings"
	"syscall"
	"testing"
	"unsafe"
)

// TestAskTwiceOnATerminal answers each question the instant that it stands there, as a program would.
func TestAskTwiceOnATerminal(t *testing.T) {
	for _, test := range []struct{ name, first, again, wrong string }{
		{"twice the same", "correct horse\n", "correct horse\n", ""},
		{"another key for enter", "correct horse\r", "correct horse\r", ""},
		{"two words", "correct horse\n", "battery staple\n", "not the same"},
		{"control-C", "correct ho\x03", "", "nothing was changed"},
	} {
		t.Run(test.name, func(t *testing.T) {
			person, program := openTerminal(t)
			shown := make(chan string, 1)
			go func() { shown <- answer(person, test.first, test.again) }()
			a := &app{ctx: t.Context(), stdin: program, stderr: program}
			password, err := a.askTwice()
			program.Close()
			if out := <-shown; strings.Contains(out, "orse") || strings.Contains(out, "staple") {
				t.Errorf("the terminal shows %q", out)
			}
			if test.wrong == "" && (err != nil || password != "correct horse") {
				t.Errorf("%q, %v", password, err)
			}
			if test.wrong != "" && (err == nil || !strings.Contains(err.Error(), test.wrong)) {
				t.Errorf("%q, %v, want %q", password, err, test.wrong)
			}
		})
	}
}

// answer types one answer after each question, and gives all that the terminal showed until its program was gone.
func answer(person *os.File, answers ...string) string {
	var shown strings.Builder
	for buf := make([]byte, 256); ; {
		n, err := person.Read(buf)
		shown.Write(buf[:n])
		if err != nil { // EIO: nobody has the other end any more
			return shown.String()
		}
		if strings.HasSuffix(strings.TrimSpace(shown.String()), ":") && len(answers) > 0 {
			person.WriteString(answers[0])
			answers = answers[1:]
		}
	}
}

// openTerminal gives both ends of a new terminal.
func openTerminal(t *testing.T) (person, program *os.File) {
	t.Helper()
	person, err := os.OpenFile("/dev/ptmx", os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { person.Close() })
	var number, lock int32
	ioctl(t, person, syscall.TIOCGPTN, &number)
	ioctl(t, person, syscall.TIOCSPTLCK, &lock)
	program, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", number), os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { program.Close() })
	return person, program
}

func ioctl(t *testing.T, f *os.File, request uintptr, value *int32) {
	t.Helper()
	conn, err := f.SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	var errno syscall.Errno
	err = conn.Control(func(fd uintptr) {
		_, _, errno = syscall.Syscall(syscall.SYS_IOCTL, fd, request, uintptr(unsafe.Pointer(value)))
	})
	if err != nil || errno != 0 {
		t.Fatal(err, errno)
	}
}
