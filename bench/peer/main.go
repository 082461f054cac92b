// Command peer drives Docker's own overlay2 storage driver with the command
// words of overlay2, so that the two can be compared and timed side by side.
//
//	peer [--home DIR] [--storage-opt K=V]… [--uid-map C:H:N]… [--gid-map C:H:N]… [--json] COMMAND …
//
// "peer batch" answers one JSON array of words per line of standard input with
// one JSON object per line, all in one process: Docker counts mounts in memory.
package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"

	"github.com/docker/docker/daemon/graphdriver"
	"github.com/docker/docker/daemon/graphdriver/overlay2"
	"github.com/moby/sys/user"
	"github.com/sirupsen/logrus"
)

// errNo is the answer "no" of a question such as exists: exit 1, no message.
var errNo = errors.New("no")

// globals are the options that come before the command.
type globals struct {
	home  string
	opts  []string
	ids   user.IdentityMapping
	json  bool
	quiet bool
}

func main() {
	g, words, err := parseGlobals(os.Args[1:])
	if err != nil || len(words) == 0 {
		fmt.Fprintf(os.Stderr, "peer: usage: peer [--home DIR] [OPTION]… COMMAND …: %v\n", err)
		os.Exit(2)
	}
	if err := run(g, words); err != nil {
		if err != errNo {
			fmt.Fprintf(os.Stderr, "peer: %s: %v\n", strings.Join(words, " "), err)
		}
		os.Exit(1)
	}
}

func run(g globals, words []string) error {
	if g.quiet {
		logrus.SetOutput(io.Discard)
	}
	p, err := open(g)
	if err != nil {
		return err
	}
	if words[0] == "batch" {
		return p.batch(os.Stdin, os.Stdout)
	}
	result, err := p.command(words)
	if err == nil || err == errNo {
		p.print(words[0], result)
	}
	return err
}

// open starts Docker's driver on the home directory, as dockerd does.
func open(g globals) (*peer, error) {
	driver, err := overlay2.Init(g.home, g.opts, g.ids)
	if err != nil {
		return nil, err
	}
	naive := graphdriver.NewNaiveDiffDriver(driver, g.ids)
	return &peer{globals: g, driver: driver, naive: naive}, nil
}

// parseGlobals splits the options before the command from the command's words.
func parseGlobals(args []string) (globals, []string, error) {
	g := globals{home: os.Getenv("OVERLAY2_HOME")}
	if g.home == "" {
		g.home = "/var/lib/overlay2"
	}
	for len(args) > 0 && strings.HasPrefix(args[0], "-") {
		name, value, glued := strings.Cut(args[0], "=")
		args = args[1:]
		switch name {
		case "--json":
			g.json = true
			continue
		case "-q":
			g.quiet = true
			continue
		}
		if !glued {
			if len(args) == 0 {
				return g, nil, fmt.Errorf("%s needs a value", name)
			}
			value, args = args[0], args[1:]
		}
		if err := g.set(name, value); err != nil {
			return g, nil, err
		}
	}
	return g, args, nil
}

func (g *globals) set(name, value string) error {
	var err error
	switch name {
	case "--home":
		g.home = value
	case "--storage-opt":
		g.opts = append(g.opts, value)
	case "--uid-map":
		g.ids.UIDMaps, err = appendRange(g.ids.UIDMaps, value)
	case "--gid-map":
		g.ids.GIDMaps, err = appendRange(g.ids.GIDMaps, value)
	default:
		err = fmt.Errorf("unknown option %s", name)
	}
	return err
}

// appendRange reads CONTAINER:HOST:SIZE.
func appendRange(maps []user.IDMap, text string) ([]user.IDMap, error) {
	parts := strings.Split(text, ":")
	if len(parts) != 3 {
		return nil, fmt.Errorf("%q is not CONTAINER:HOST:SIZE", text)
	}
	var n [3]int64
	for i, part := range parts {
		v, err := strconv.ParseInt(part, 10, 64)
		if err != nil {
			return nil, err
		}
		n[i] = v
	}
	return append(maps, user.IDMap{ID: n[0], ParentID: n[1], Count: n[2]}), nil
}
