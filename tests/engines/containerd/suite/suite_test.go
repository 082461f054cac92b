// Package suite runs containerd's own test suite of snapshotters on a snapshotter
// behind a socket, started anew for each test.
package suite

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	api "github.com/containerd/containerd/api/services/snapshots/v1"
	"github.com/containerd/containerd/snapshots"
	"github.com/containerd/containerd/snapshots/proxy"
	"github.com/containerd/containerd/snapshots/testsuite"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
)

// How long the server may take to listen, and to end.
const patience = 60 * time.Second

// serve starts $OVERLAY2_WORDS, the words of the program one a line, on a home of
// its own, and gives a client of it.
func serve(ctx context.Context, root string) (snapshots.Snapshotter, func() error, error) {
	socket := filepath.Join(root, "socket")
	words := strings.Split(os.Getenv("OVERLAY2_WORDS"), "\n")
	args := append(words[1:], "--home", filepath.Join(root, "home"), "serve", "containerd", "--socket", socket)
	command := exec.Command(words[0], args...)
	log, err := os.Create(filepath.Join(root, "log"))
	if err != nil {
		return nil, nil, err
	}
	defer log.Close()
	command.Stdout, command.Stderr = log, log
	if err := command.Start(); err != nil {
		return nil, nil, err
	}
	connection, err := dial(ctx, socket)
	if err != nil {
		said, _ := os.ReadFile(log.Name())
		return nil, nil, errors.Join(fmt.Errorf("%w: %s", err, said), stop(command))
	}
	end := func() error {
		connection.Close()
		return stop(command)
	}
	return proxy.NewSnapshotter(api.NewSnapshotsClient(connection), "overlay2"), end, nil
}

func dial(ctx context.Context, socket string) (*grpc.ClientConn, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	return grpc.DialContext(ctx, "unix://"+socket, grpc.WithTransportCredentials(insecure.NewCredentials()), grpc.WithBlock())
}

func stop(command *exec.Cmd) error {
	if err := command.Process.Signal(syscall.SIGTERM); err != nil {
		return err
	}
	timer := time.AfterFunc(patience, func() { command.Process.Kill() })
	defer timer.Stop()
	return command.Wait()
}

func TestSnapshotter(t *testing.T) {
	if os.Getenv("OVERLAY2_WORDS") == "" {
		t.Skip("OVERLAY2_WORDS does not say how to start the program")
	}
	testsuite.SnapshotterSuite(t, "overlay2", serve)
}
