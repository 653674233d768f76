// go-listen-in-time-wait listens on a port, as net.Listen does or without SO_REUSEADDR.
package main

import (
	"context"
	"flag"
	"net"
	"syscall"

	"nslab.example/go/internal/report"
)

func withoutReuse(_, _ string, c syscall.RawConn) error {
	var err error
	if failed := c.Control(func(fd uintptr) {
		err = syscall.SetsockoptInt(int(fd), syscall.SOL_SOCKET, syscall.SO_REUSEADDR, 0)
	}); failed != nil {
		return failed
	}
	return err
}

func main() {
	plain := flag.Bool("plain", false, "switch SO_REUSEADDR off, which net.Listen switches on")
	flag.Parse()

	var config net.ListenConfig
	if *plain {
		config.Control = withoutReuse
	}
	// IPv4 alone, as the sockets in TIME-WAIT are
	listener, err := config.Listen(context.Background(), "tcp4", flag.Arg(0))
	report.Result("listen", err)
	if err == nil {
		listener.Close()
	}
}
