package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"sort"
	"strconv"
	"strings"
	"time"

	"github.com/docker/docker/daemon/graphdriver"
	"github.com/moby/go-archive"
	"github.com/moby/go-archive/compression"
)

// peer is a started driver, and the naive differ over it.
type peer struct {
	globals
	driver graphdriver.Driver
	naive  graphdriver.Driver
}

// words are one command's operands and options.
type words struct {
	args  []string
	flags map[string]string
}

// valued are the options of commands that take a value.
var valued = map[string]bool{"--size": true, "--label": true, "-i": true, "-o": true}

func parseWords(list []string) (words, error) {
	w := words{flags: map[string]string{}}
	for i := 0; i < len(list); i++ {
		word := list[i]
		switch {
		case valued[word] && i+1 < len(list):
			i++
			w.flags[word] = list[i]
		case word == "--naive" || word == "--sort" || word == "--hasty" || word == "--decompress":
			w.flags[word] = "yes"
		case strings.HasPrefix(word, "-"):
			return w, fmt.Errorf("unknown option %s", word)
		default:
			w.args = append(w.args, word)
		}
	}
	return w, nil
}

// arg is the operand at i, or "".
func (w words) arg(i int) string {
	if i < len(w.args) {
		return w.args[i]
	}
	return ""
}

// repeat runs commands, which ";" separates, so many times.
func (p *peer) repeat(list []string) (any, error) {
	times, err := strconv.Atoi(list[0])
	if err != nil {
		return nil, err
	}
	var commands [][]string
	for rest := list[1:]; len(rest) > 0; {
		end := slices.Index(rest, ";")
		if end < 0 {
			end = len(rest)
		}
		commands = append(commands, rest[:end])
		rest = rest[min(end+1, len(rest)):]
	}
	for range times {
		for _, words := range commands {
			if _, err := p.command(words); err != nil {
				return nil, err
			}
		}
	}
	return nil, nil
}

// command runs one command; its result is what --json prints.
func (p *peer) command(list []string) (any, error) {
	if list[0] == "repeat" && len(list) > 1 {
		return p.repeat(list[1:])
	}
	w, err := parseWords(list[1:])
	if err != nil {
		return nil, err
	}
	id := w.arg(0)
	switch list[0] {
	case "init", "status":
		return p.driver.Status(), nil
	case "create":
		return nil, p.driver.Create(id, w.arg(1), nil)
	case "create-rw":
		return nil, p.driver.CreateReadWrite(id, w.arg(1), createOpts(w))
	case "get":
		path, err := p.driver.Get(id, w.flags["--label"])
		return map[string]string{"path": path}, err
	case "put":
		return nil, p.driver.Put(id)
	case "exists":
		return p.exists(id)
	case "remove":
		return nil, p.remove(w.args)
	case "metadata":
		return p.driver.GetMetadata(id)
	case "cleanup":
		return nil, p.driver.Cleanup()
	}
	return p.diffCommand(list[0], w)
}

func createOpts(w words) *graphdriver.CreateOpts {
	size, ok := w.flags["--size"]
	if !ok {
		return nil
	}
	return &graphdriver.CreateOpts{StorageOpt: map[string]string{"size": size}}
}

func (p *peer) exists(id string) (any, error) {
	found := p.driver.Exists(id)
	result := map[string]bool{"exists": found}
	if !found {
		return result, errNo
	}
	return result, nil
}

func (p *peer) remove(ids []string) error {
	for _, id := range ids {
		if err := p.driver.Remove(id); err != nil {
			return err
		}
	}
	return nil
}

// diffCommand runs the commands that compare or move contents.
func (p *peer) diffCommand(name string, w words) (any, error) {
	driver := graphdriver.DiffDriver(p.driver)
	if w.flags["--naive"] != "" {
		driver = p.naive
	}
	id, parent := w.arg(0), w.arg(1)
	if len(w.args) < 2 {
		parent = p.parentOnRecord(id)
	}
	switch name {
	case "apply-diff":
		return apply(driver, id, parent, w)
	case "diff":
		return nil, p.diff(driver, id, parent, w)
	case "changes":
		return changes(driver, id, parent, w.flags["--sort"] != "")
	case "diff-size":
		size, err := driver.DiffSize(id, parent)
		return map[string]int64{"size": size}, err
	}
	return nil, fmt.Errorf("unknown command %s", name)
}

// parentOnRecord finds the nearest lower layer of id, or "".
func (p *peer) parentOnRecord(id string) string {
	lower, err := os.ReadFile(filepath.Join(p.home, id, "lower"))
	if err != nil {
		return ""
	}
	first, _, _ := strings.Cut(string(lower), ":")
	target, err := os.Readlink(filepath.Join(p.home, first))
	if err != nil {
		return ""
	}
	return filepath.Base(filepath.Dir(target))
}

func apply(driver graphdriver.DiffDriver, id, parent string, w words) (any, error) {
	var in io.Reader = os.Stdin
	if file := w.flags["-i"]; file != "" && file != "-" {
		f, err := os.Open(file)
		if err != nil {
			return nil, err
		}
		defer f.Close()
		in = f
	}
	if w.flags["--decompress"] != "" {
		// As dockerd does before its driver sees the archive.
		plain, err := compression.DecompressStream(in)
		if err != nil {
			return nil, err
		}
		defer plain.Close()
		in = plain
	}
	size, err := driver.ApplyDiff(id, parent, in)
	return map[string]int64{"size": size}, err
}

func (p *peer) diff(driver graphdriver.DiffDriver, id, parent string, w words) (err error) {
	out := os.Stdout
	if file := w.flags["-o"]; file != "" && file != "-" {
		if out, err = create(file); err != nil {
			return err
		}
		defer out.Close()
	}
	stream, err := driver.Diff(id, parent)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, stream)
	if w.flags["--hasty"] != "" {
		p.closeHastily(id, stream)
	} else if closed := stream.Close(); err == nil {
		err = closed
	}
	return err
}

// create opens a file to write to; a named pipe as a writer only, so that it
// waits for its reader.
func create(file string) (*os.File, error) {
	if info, err := os.Stat(file); err == nil && info.Mode()&os.ModeNamedPipe != 0 {
		return os.OpenFile(file, os.O_WRONLY, 0)
	}
	return os.Create(file)
}

// closeHastily closes a stream and returns as soon as its layer is unmounted:
// Docker's naive differ sleeps for the rest of the second after that.
func (p *peer) closeHastily(id string, stream io.Closer) {
	closed := make(chan struct{})
	go func() {
		stream.Close()
		close(closed)
	}()
	for {
		select {
		case <-closed:
			return
		case <-time.After(200 * time.Microsecond):
			merged := filepath.Join(p.home, id, "merged")
			_, above := os.Lstat(merged)
			_, below := os.Lstat(filepath.Join(p.home, id, "lower"))
			if os.IsNotExist(above) && below == nil {
				return
			}
		}
	}
}

// change is archive.Change as overlay2 prints it.
type change struct {
	Path name   `json:"path"`
	Kind string `json:"kind"`
}

func changes(driver graphdriver.DiffDriver, id, parent string, sorted bool) (any, error) {
	list, err := driver.Changes(id, parent)
	if err != nil {
		return nil, err
	}
	out := make([]change, len(list))
	for i, c := range list {
		out[i] = change{name(c.Path), kind(c.Kind)}
	}
	if sorted {
		sort.Slice(out, func(i, j int) bool { return out[i].Path < out[j].Path })
	}
	return out, nil
}

func kind(k archive.ChangeType) string {
	switch k {
	case archive.ChangeAdd:
		return "A"
	case archive.ChangeDelete:
		return "D"
	}
	return "C"
}
