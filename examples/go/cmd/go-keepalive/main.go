// go-keepalive waits for a peer: with Go's own keepalive, or with a quicker one.
package main

import (
	"flag"
	"net"
	"syscall"

	"nslab.example/go/internal/report"
)

var (
	seconds = flag.Int("seconds", 0, "until the first probe, and between probes")
	probes  = flag.Int("probes", 2, "with -seconds: unanswered probes until the peer is given up")
)

// Dialer.KeepAlive sets the times, and not the number; what it means differs between versions of Go.
func quicken(conn *net.TCPConn) error {
	raw, err := conn.SyscallConn()
	if err != nil {
		return err
	}
	var failed error
	err = raw.Control(func(fd uintptr) {
		for _, o := range [][2]int{
			{syscall.TCP_KEEPIDLE, *seconds},
			{syscall.TCP_KEEPINTVL, *seconds},
			{syscall.TCP_KEEPCNT, *probes},
		} {
			if e := syscall.SetsockoptInt(int(fd), syscall.IPPROTO_TCP, o[0], o[1]); e != nil {
				failed = e
			}
		}
	})
	if err != nil {
		return err
	}
	return failed
}

func main() {
	flag.Parse()
	conn := report.MustDial(flag.Arg(0))
	if *seconds > 0 {
		report.Must(quicken(conn))
	}
	_, err := conn.Read(make([]byte, 1))
	report.Result("read", err)
}
