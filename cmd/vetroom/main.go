// Command vetroom is the whole program: the server and the commands of its upkeep.
//
// main.go reads the command line, open.go opens what every command needs, each command stands in a file of its own.
// Only this package reads the machine's clock for the rest.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"
	_ "time/tzdata" // vets live in time zones, also where the machine knows none

	"github.com/alecthomas/kong"

	"vetroom/clinic"
	"vetroom/configs"
)

// Set by the linker. A plain go build has no version, and versionText finds its commit.
var (
	version = "dev"
	commit  string
)

// The exit statuses (contract §1).
const (
	exitDone  = 0
	exitFail  = 1 // said on standard error
	exitUsage = 2 // wrong usage, a wrong configuration too
)

// cli is the command line.
type cli struct {
	configs.Flags

	Serve     serveCmd     `cmd:"" help:"Serve pages, sockets and events until interrupted."`
	Migrate   migrateCmd   `cmd:"" help:"Bring the database to the newest schema."`
	Vet       vetCmd       `cmd:"" help:"Register vets and keep their permits and passwords."`
	Hospitals hospitalsCmd `cmd:"" help:"Keep the register of animal hospitals."`
	Events    eventsCmd    `cmd:"" help:"Look at the events, and find where to subscribe to them."`
	Print     configCmd    `cmd:"" name:"config" help:"Print the effective configuration, secrets masked."`
	Version   versionCmd   `cmd:"" help:"Print version, commit and Go version."`
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second signal ends the program at once
	os.Exit(run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}

// run is the program: it returns the exit status.
func run(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	a := &app{ctx: ctx, stdin: stdin, stdout: stdout, stderr: stderr}
	err := a.run(args)
	if err == nil {
		return exitDone
	}
	var left leftEarly
	if errors.As(err, &left) {
		return int(left)
	}
	for line := range strings.Lines(strings.TrimSpace(errorText(err))) {
		fmt.Fprintf(stderr, "vetroom: %s\n", strings.TrimSpace(line))
	}
	if isUsage(err) {
		return exitUsage
	}
	return exitFail
}

func (a *app) run(args []string) (err error) {
	var c cli
	parser, err := kong.New(&c, configs.Loader(), kong.Name("vetroom"), kong.Writers(a.stdout, a.stderr),
		kong.Description("A veterinarian's consulting room on the web: booked visits whose door opens on time."),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true, Summary: true, FlagsLast: true, WrapUpperBound: 120}),
		kong.Vars(helpVars()),
		kong.Help(printHelp), kong.Exit(func(code int) { panic(leftEarly(code)) }))
	if err != nil {
		return fmt.Errorf("read the command line: %w", err)
	}
	defer func() {
		switch r := recover().(type) {
		case nil:
		case leftEarly:
			err = r
		default:
			panic(r)
		}
	}()
	chosen, err := parser.Parse(args)
	if err != nil {
		return wrongUsage(err)
	}
	a.cfg = c.Flags.Config
	return a.runCommand(chosen)
}

// helpVars are what the helps of the commands take from the code.
func helpVars() map[string]string {
	return map[string]string{"event_kinds": strings.Join(eventKinds(), ", "), "picture_limit": pictureLimit,
		"vet_columns": strings.Join(vetColumns, ",")}
}

func (a *app) runCommand(chosen *kong.Context) error {
	if chosen.Command() == "version" { // wants no configuration
		return chosen.Run(a)
	}
	if err := a.cfg.Check(); err != nil {
		return usageError{err}
	}
	a.log = newLog(a.cfg, chosen.Command(), a.stderr)
	return chosen.Run(a)
}

// errorText is one line an error. Of what the domain refuses by field, the fields say all.
func errorText(err error) string {
	var refused *clinic.Error
	if !errors.As(err, &refused) || len(refused.Fields) == 0 {
		return err.Error()
	}
	lines := make([]string, len(refused.Fields))
	for i, f := range refused.Fields {
		lines[i] = f.Field + ": " + f.Detail
	}
	return strings.Join(lines, "\n")
}

// leftEarly is what kong wants to exit with after it printed a help.
type leftEarly int

func (l leftEarly) Error() string { return fmt.Sprintf("exit %d", int(l)) }

// usageError is a failure of whoever typed the command, and makes the exit status 2.
type usageError struct{ error }

func (e usageError) Unwrap() error { return e.error }

// usage makes a usageError.
func usage(format string, args ...any) error { return usageError{fmt.Errorf(format, args...)} }

// isUsage also holds for what the domain refuses in the command's own values: a name too long, a latitude of 91.
func isUsage(err error) bool {
	var u usageError
	return errors.As(err, &u) || errors.Is(err, clinic.ErrInvalid)
}

// wrongUsage says where a command line that could not be read is explained.
func wrongUsage(err error) error {
	path := "vetroom"
	var parse *kong.ParseError
	if errors.As(err, &parse) && parse.Context != nil {
		if selected := parse.Context.Selected(); selected != nil {
			path = selected.FullPath()
		}
	}
	return usage("%w; see \"%s --help\"", err, path)
}

// wholeHelp names the commands whose help shows every key of the configuration. That of the others shows what the
// command itself takes, and the few keys that say which installation is meant.
var wholeHelp = map[string]bool{"serve": true, "config": true}

var shownFlags = map[string]bool{"config": true, "data-dir": true, "database-url": true}

func printHelp(options kong.HelpOptions, ctx *kong.Context) error {
	selected := ctx.Selected()
	if selected != nil && wholeHelp[selected.Name] {
		return kong.DefaultHelpPrinter(options, ctx)
	}
	for _, flag := range ctx.Model.Flags {
		flag.Hidden = flag.Hidden || flag.Name != "help" && !shownFlags[flag.Name]
	}
	if err := kong.DefaultHelpPrinter(options, ctx); err != nil {
		return err
	}
	_, err := fmt.Fprintln(ctx.Stdout, "\nAll keys of the configuration: vetroom config --help")
	return err
}
