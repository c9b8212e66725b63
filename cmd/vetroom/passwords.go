package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"unicode/utf8"

	"golang.org/x/term"

	"vetroom/handlers"
)

// A password of fewer characters than advised is taken with a warning, since the operator who sets it may have reasons
// (NIST SP 800-63B asks for 8 at least, and no other rule). The longest is what the sign-in takes.
const (
	advisedPassword = 10
	longestPassword = 1000
)

// hashPassword gives a password's argon2id hash in PHC form, or says what is wrong with the password.
func hashPassword(password string) (string, error) {
	switch n := utf8.RuneCountInString(password); {
	case !utf8.ValidString(password):
		return "", errors.New("the password is not UTF-8 text")
	case n == 0:
		return "", errors.New("the password is empty")
	case n > longestPassword:
		return "", fmt.Errorf("the password has %d characters; want at most %d", n, longestPassword)
	}
	hash, err := handlers.HashPassword(password)
	if err != nil {
		return "", fmt.Errorf("hash the password: %w", err)
	}
	return hash, nil
}

// passwordFlags say where a new password comes from.
type passwordFlags struct {
	PasswordStdin bool `help:"Read the password from standard input, one line; without it, it is asked for twice."`
}

// ask gives the hash of a new password.
func (f passwordFlags) ask(a *app) (string, error) {
	ask := a.askTwice
	if f.PasswordStdin {
		ask = a.readLine
	}
	password, err := ask()
	if err != nil {
		return "", err
	}
	if n := utf8.RuneCountInString(password); n > 0 && n < advisedPassword {
		a.warn("warning: the password has %d characters; %d or more are advised", n, advisedPassword)
	}
	return hashPassword(password)
}

// readLine reads one line of standard input, without its end.
func (a *app) readLine() (string, error) {
	line, err := bufio.NewReader(io.LimitReader(a.stdin, 8*longestPassword)).ReadString('\n')
	if err != nil && !errors.Is(err, io.EOF) {
		return "", fmt.Errorf("read the password: %w", err)
	}
	return strings.TrimRight(line, "\r\n"), nil
}

// askTwice asks on the terminal, without echo: it ends before the first question is there to be answered.
func (a *app) askTwice() (password string, err error) {
	in, ok := a.stdin.(*os.File)
	if !ok || !term.IsTerminal(int(in.Fd())) {
		return "", usage("there is no terminal to ask for the password: give it with --password-stdin")
	}
	before, err := term.MakeRaw(int(in.Fd()))
	if err != nil {
		return "", fmt.Errorf("ask for the password: %w", err)
	}
	defer func() { err = errors.Join(err, term.Restore(int(in.Fd()), before)) }()
	terminal := term.NewTerminal(onTerminal{in, a.stderr}, "")
	first, err := a.askOnce(terminal, "Password: ")
	if err != nil {
		return "", err
	}
	again, err := a.askOnce(terminal, "Password again: ")
	if err != nil {
		return "", err
	}
	if first != again {
		return "", errors.New("the two passwords are not the same; nothing was changed")
	}
	return first, nil
}

// onTerminal is where questions are asked and answered.
type onTerminal struct {
	io.Reader
	io.Writer
}

// askOnce reads one line without echo, or gives up when the command is interrupted. A read of a terminal cannot be
// ended: then its goroutine is left behind, and ends with the program, which does nothing more.
func (a *app) askOnce(terminal *term.Terminal, prompt string) (string, error) {
	type answer struct {
		password string
		err      error
	}
	answered := make(chan answer, 1)
	go func() {
		password, err := terminal.ReadPassword(prompt)
		answered <- answer{password, err}
	}()
	select {
	case got := <-answered:
		if got.err == nil {
			return got.password, nil
		}
		fmt.Fprint(a.stderr, "\r\n")
		if errors.Is(got.err, io.EOF) { // control-C or control-D
			return "", errors.New("no password was given; nothing was changed")
		}
		return "", fmt.Errorf("read the password: %w", got.err)
	case <-a.ctx.Done():
		fmt.Fprint(a.stderr, "\r\n")
		return "", context.Cause(a.ctx)
	}
}
