// Package cli is the command line: flags, environment and file become
// server.Options, and commands become calls of the server or its client.
//
// It promises that a flag beats the environment, the environment beats the
// file and the file beats the default; that everything wrong with the settings
// is said at once; and that a failure is one clear line with a hint, and exit
// status 1.
//
// It refuses to know how anything works: it is the only room that reads the
// environment and the only one that decides an exit status.
package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime/debug"
	"strings"
	"syscall"

	"github.com/alecthomas/kong"

	"guestlist"
	"guestlist/internal/server"
)

// program is the whole command line, as kong reads it.
type program struct {
	Settings

	Serve   serveCmd   `cmd:"" help:"Run the server."`
	Dev     devCmd     `cmd:"" help:"Run everything in a temporary database, with a mailbox in the browser, a demo application and sample guests."`
	Migrate migrateCmd `cmd:"" help:"Bring the database schema up to date and stop."`
	App     struct {
		Create appCreateCmd `cmd:"" help:"Create an application."`
	} `cmd:"" help:"Manage applications."`
	User struct {
		Create userCreateCmd `cmd:"" help:"Create a user."`
	} `cmd:"" help:"Manage users."`
	Invite   inviteGroup   `cmd:"" help:"Invite people, and look after invitations."`
	Campaign campaignGroup `cmd:"" help:"Look after invitations that were imported together."`
	Waitlist waitlistGroup `cmd:"" help:"Decide on who asks to come in."`

	Backup  backupCmd  `cmd:"" help:"Copy the SQLite database to a new file, while the server runs or not."`
	Config  configCmd  `cmd:"" help:"Show every setting with its value and where it came from."`
	Version versionCmd `cmd:"" help:"Show the version."`
}

// terminal is where a command reads and writes.
type terminal struct {
	in       io.Reader
	out, err io.Writer
}

// Main runs the command line and returns the exit status: 0, 1 for a failure,
// 2 for a command line that cannot be understood. adjust is for tests: it may
// change what no setting does, such as the clock, before a server starts.
func Main(args []string, in io.Reader, out, errs io.Writer, adjust ...func(*server.Options)) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop) // a second signal ends the process at once, as everywhere
	return run(ctx, args, terminal{in: in, out: out, err: errs}, os.LookupEnv, adjust...)
}

// lookup finds a variable of the environment.
type lookup func(name string) (string, bool)

// exited carries the status with which kong wanted to leave, so that a test
// that asks for help survives it.
type exited int

func run(ctx context.Context, args []string, term terminal, env lookup, adjust ...func(*server.Options)) (status int) {
	defer func() {
		if p := recover(); p != nil {
			code, ok := p.(exited)
			if !ok {
				panic(p)
			}
			status = int(code)
		}
	}()
	var prog program
	sources := &sources{env: env}
	parser, err := newParser(&prog, term, sources)
	if err != nil {
		return fail(term, err)
	}
	kctx, err := parser.Parse(args)
	if err != nil {
		fmt.Fprintf(term.err, "guestlist: %v\nhint: guestlist --help lists the commands and settings\n", err)
		return 2
	}
	prog.unread, prog.adjust = sources.faults, adjust
	kctx.BindTo(ctx, (*context.Context)(nil))
	kctx.Bind(term, &prog.Settings, sources, parser.Model)
	if err := kctx.Run(); err != nil {
		return fail(term, err)
	}
	return 0
}

func newParser(prog *program, term terminal, src *sources) (*kong.Kong, error) {
	return kong.New(prog,
		kong.Name("guestlist"),
		kong.Description("An identity server for products that people must be invited to."),
		kong.Writers(term.out, term.err),
		kong.Exit(func(code int) { panic(exited(code)) }),
		kong.Resolvers(src),
		kong.UsageOnError(),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true}),
	)
}

// fail writes an error as one line, with its hint on a second.
func fail(term terminal, err error) int {
	var e *guestlist.Error
	if errors.As(err, &e) {
		line := e.Message
		if line == "" {
			line = e.Code
		}
		if e.Err != nil {
			line += ": " + oneLine(e.Err.Error())
		}
		fmt.Fprintf(term.err, "guestlist: %s\n", plainLines(line))
		if e.Details != "" {
			fmt.Fprintf(term.err, "%s\n", plainLines(e.Details))
		}
		if e.Hint != "" {
			fmt.Fprintf(term.err, "hint: %s\n", e.Hint)
		}
		return 1
	}
	fmt.Fprintf(term.err, "guestlist: %v\n", err)
	return 1
}

// oneLine folds a text that a driver broke into lines of its own, such as one
// for each address that it tried. Faults of settings stay one a line.
func oneLine(s string) string { return strings.ReplaceAll(s, "\n\t", " ") }

type versionCmd struct{}

// Run prints the version and the commit.
func (versionCmd) Run(term terminal) error {
	_, err := fmt.Fprintln(term.out, "guestlist "+version())
	return err
}

// version returns the module's version and the commit that it was built from.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	v := info.Main.Version
	if v == "" {
		v = "(devel)"
	}
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" {
			v += " " + s.Value
		}
	}
	return v + " " + info.GoVersion
}
