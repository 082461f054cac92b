// Command peer shows what Go's archive/tar makes of archives and headers, so
// that the tests can compare.
//
//	peer read     reads archives from stdin, each after its length as a
//	              little-endian uint32; prints one JSON line per archive
//	peer encode   reads one JSON header per line; prints its blocks in base64,
//	              or "error: " and the reason
//	peer bunzip2  decompresses stdin to stdout
package main

import (
	"archive/tar"
	"bufio"
	"bytes"
	"compress/bzip2"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"time"
)

const (
	xattrPrefix = "SCHILY.xattr."
	// Larger files, which are all holes, are not read: it would take minutes.
	readLimit = 1 << 22
)

// entry is a header with its strings in hexadecimal, because JSON cannot carry
// bytes that are not UTF-8, and its numbers as text, because they may need 64
// bits.
type entry struct {
	Name     string            `json:"name"`
	Linkname string            `json:"linkname"`
	Type     string            `json:"type"`
	Size     string            `json:"size"`
	Mode     string            `json:"mode"`
	UID      string            `json:"uid"`
	GID      string            `json:"gid"`
	Mtime    string            `json:"mtime"`
	Atime    string            `json:"atime"`
	Devmajor string            `json:"devmajor"`
	Devminor string            `json:"devminor"`
	Xattrs   map[string]string `json:"xattrs"`
	// Body is the SHA-256 of the content, or empty if it was not read.
	Body string `json:"body"`
}

type archive struct {
	Entries []entry `json:"entries"`
	Error   string  `json:"error"`
}

func main() {
	out := bufio.NewWriter(os.Stdout)
	defer out.Flush()
	var err error
	switch command := strings.Join(os.Args[1:], " "); command {
	case "read":
		err = readAll(bufio.NewReader(os.Stdin), out)
	case "encode":
		err = encodeAll(os.Stdin, out)
	case "bunzip2":
		_, err = io.Copy(out, bzip2.NewReader(os.Stdin))
	default:
		err = fmt.Errorf("unknown command %q", command)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func readAll(in io.Reader, out io.Writer) error {
	encoder := json.NewEncoder(out)
	for {
		var length uint32
		if err := binary.Read(in, binary.LittleEndian, &length); err == io.EOF {
			return nil
		} else if err != nil {
			return err
		}
		data := make([]byte, length)
		if _, err := io.ReadFull(in, data); err != nil {
			return err
		}
		if err := encoder.Encode(read(data)); err != nil {
			return err
		}
	}
}

func read(data []byte) archive {
	result := archive{Entries: []entry{}}
	reader := tar.NewReader(bytes.NewReader(data))
	for {
		header, err := reader.Next()
		if err == io.EOF {
			return result
		}
		if err != nil {
			result.Error = err.Error()
			return result
		}
		described := describe(header)
		if header.Size <= readLimit {
			hash := sha256.New()
			if _, err := io.Copy(hash, reader); err != nil {
				result.Error = err.Error()
				return result
			}
			described.Body = hex.EncodeToString(hash.Sum(nil))
		}
		result.Entries = append(result.Entries, described)
	}
}

func describe(header *tar.Header) entry {
	xattrs := map[string]string{}
	for key, value := range header.PAXRecords {
		if name, ok := strings.CutPrefix(key, xattrPrefix); ok {
			xattrs[hexOf(name)] = hexOf(value)
		}
	}
	decimal := func(n int64) string { return strconv.FormatInt(n, 10) }
	return entry{
		Name:     hexOf(header.Name),
		Linkname: hexOf(header.Linkname),
		Type:     hexOf(string([]byte{header.Typeflag})),
		Size:     decimal(header.Size),
		Mode:     decimal(header.Mode & 07777),
		UID:      decimal(int64(header.Uid)),
		GID:      decimal(int64(header.Gid)),
		Mtime:    timeOf(header.ModTime),
		Atime:    optionalTime(header.AccessTime),
		Devmajor: decimal(header.Devmajor),
		Devminor: decimal(header.Devminor),
		Xattrs:   xattrs,
	}
}

func hexOf(text string) string { return hex.EncodeToString([]byte(text)) }

func optionalTime(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return timeOf(t)
}

func timeOf(t time.Time) string {
	return fmt.Sprintf("%d.%09d", t.Unix(), t.Nanosecond())
}

// wanted is a header to encode; see entry for the form of its strings.
type wanted struct {
	Name, Linkname, Type string
	Size, Mode           int64
	UID, GID             int
	Seconds, Nanoseconds int64
	Atime                []int64
	Devmajor, Devminor   int64
	Xattrs               map[string]string
}

func encodeAll(in io.Reader, out io.Writer) error {
	decoder := json.NewDecoder(in)
	for {
		var header wanted
		if err := decoder.Decode(&header); err == io.EOF {
			return nil
		} else if err != nil {
			return err
		}
		blocks, err := encode(header)
		line := base64.StdEncoding.EncodeToString(blocks)
		if err != nil {
			line = "error: " + err.Error()
		}
		if _, err := fmt.Fprintln(out, line); err != nil {
			return err
		}
	}
}

func encode(w wanted) ([]byte, error) {
	header := &tar.Header{
		Name:     bytesOf(w.Name),
		Linkname: bytesOf(w.Linkname),
		Typeflag: bytesOf(w.Type)[0],
		Size:     w.Size,
		Mode:     w.Mode,
		Uid:      w.UID,
		Gid:      w.GID,
		ModTime:  time.Unix(w.Seconds, w.Nanoseconds),
		Devmajor: w.Devmajor,
		Devminor: w.Devminor,
		Format:   tar.FormatPAX,
	}
	if len(w.Atime) > 0 {
		header.AccessTime = time.Unix(w.Atime[0], w.Atime[1])
	}
	if len(w.Xattrs) > 0 {
		header.PAXRecords = map[string]string{}
		for name, value := range w.Xattrs {
			header.PAXRecords[xattrPrefix+bytesOf(name)] = bytesOf(value)
		}
	}
	var blocks bytes.Buffer
	err := tar.NewWriter(&blocks).WriteHeader(header)
	return blocks.Bytes(), err
}

func bytesOf(text string) string {
	bytes, err := hex.DecodeString(text)
	if err != nil {
		panic(err)
	}
	return string(bytes)
}
