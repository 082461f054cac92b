package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"sort"
	"strings"
	"unicode/utf8"
)

// name is a file name: bytes that need not be UTF-8. In JSON each byte that is
// not part of valid UTF-8 is one lone surrogate U+DC80…U+DCFF, as in overlay2.
type name string

// MarshalJSON writes the name with its odd bytes escaped.
func (n name) MarshalJSON() ([]byte, error) {
	var out strings.Builder
	out.WriteByte('"')
	for text := string(n); text != ""; {
		r, size := utf8.DecodeRuneInString(text)
		switch {
		case r == utf8.RuneError && size == 1:
			fmt.Fprintf(&out, `\udc%02x`, text[0])
		case r < 0x20 || r == '"' || r == '\\':
			fmt.Fprintf(&out, `\u%04x`, r)
		default:
			out.WriteString(text[:size])
		}
		text = text[size:]
	}
	out.WriteByte('"')
	return []byte(out.String()), nil
}

// answer is one line of batch's output.
type answer struct {
	OK     bool   `json:"ok"`
	Result any    `json:"result,omitempty"`
	Error  string `json:"error,omitempty"`
}

// batch answers commands line by line until its input ends.
func (p *peer) batch(in io.Reader, out io.Writer) error {
	lines := bufio.NewScanner(in)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		if err := writeLine(out, p.answer(lines.Bytes())); err != nil {
			return err
		}
	}
	return lines.Err()
}

func (p *peer) answer(line []byte) answer {
	var words []string
	if err := json.Unmarshal(line, &words); err != nil || len(words) == 0 {
		return answer{Error: fmt.Sprintf("not an array of words: %s", line)}
	}
	result, err := p.command(words)
	if err != nil && err != errNo {
		return answer{Error: err.Error()}
	}
	return answer{OK: true, Result: result}
}

// writeLine writes one answer.
func writeLine(out io.Writer, a answer) error {
	text, err := json.Marshal(a)
	if err != nil {
		return err
	}
	_, err = out.Write(append(text, '\n'))
	return err
}

// print writes a command's result to standard output, as overlay2 does.
func (p *peer) print(command string, result any) {
	if result == nil {
		return
	}
	if p.json {
		text, _ := json.Marshal(result)
		fmt.Printf("%s\n", text)
		return
	}
	switch value := result.(type) {
	case [][2]string:
		for _, pair := range value {
			fmt.Printf("%s: %s\n", pair[0], pair[1])
		}
	case []change:
		printChanges(value)
	case map[string]int64:
		fmt.Println(value["size"])
	case map[string]string:
		printMap(command, value)
	}
}

func printChanges(list []change) {
	out := bufio.NewWriter(os.Stdout)
	defer out.Flush()
	for _, c := range list {
		fmt.Fprintf(out, "%s %s\n", c.Kind, string(c.Path))
	}
}

func printMap(command string, value map[string]string) {
	if command == "get" {
		fmt.Println(value["path"])
		return
	}
	keys := make([]string, 0, len(value))
	for key := range value {
		keys = append(keys, key)
	}
	sort.Strings(keys)
	for _, key := range keys {
		fmt.Printf("%s %s\n", key, value[key])
	}
}
