// SPDX-License-Identifier: GPL-2.0-or-later

// Does WithRetry give up in time, and does it recover when the firewall heals?
//
//	nslab exec --within 60s dial-syn-dropped -- go test -v -count=1
package dial

import (
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"testing"
	"time"
)

func needsLab(t *testing.T) {
	if os.Getenv("NSLAB") == "" {
		t.Skip("no lab: nslab exec dial-syn-dropped -- go test")
	}
}

// nslab drives the lab that we are in.
func nslab(args ...string) error {
	out, err := exec.Command(os.Getenv("NSLAB"), args...).CombinedOutput()
	if err != nil {
		return fmt.Errorf("nslab %q: %w: %s", args, err, out)
	}
	return nil
}

// dial tells what comes of WithRetry.
func dial(attempts int) <-chan error {
	dialed := make(chan error, 1)
	go func() {
		conn, err := WithRetry("server:8080", 500*time.Millisecond, attempts)
		if err == nil {
			conn.Close()
		}
		dialed <- err
	}()
	return dialed
}

func TestGivesUpInTime(t *testing.T) {
	needsLab(t)
	select {
	case err := <-dial(2):
		var e net.Error
		if !errors.As(err, &e) || !e.Timeout() {
			t.Fatalf("expected a timeout, observed: %v", err)
		}
	case <-time.After(10 * time.Second):
		t.Fatal("still dialing after 10 s")
	}
	// it has tried twice, and no socket is left
	if err := nslab("wait", "--within", "10s", "fault syn-dropped hits >= 2"); err != nil {
		t.Error(err)
	}
	if err := nslab("wait", "--within", "10s", "socket client to server:8080 state CLOSED"); err != nil {
		t.Error(err)
	}
}

func TestRecoversWhenTheFirewallHeals(t *testing.T) {
	needsLab(t)
	t.Cleanup(func() {
		if err := nslab("fault", "on", "syn-dropped"); err != nil {
			t.Error(err)
		}
	})
	dialed := dial(20)
	if err := nslab("wait", "--within", "10s", "socket client to server:8080 state SYN-SENT"); err != nil {
		t.Fatal(err)
	}
	if err := nslab("fault", "off", "syn-dropped"); err != nil {
		t.Fatal(err)
	}
	if err := <-dialed; err != nil {
		t.Error(err)
	}
}
