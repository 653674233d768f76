// go-dial connects, with a timeout, with a context, or with nothing that would end it.
package main

import (
	"context"
	"flag"
	"net"

	"nslab.example/go/internal/report"
)

var (
	timeout  = flag.Duration("timeout", 0, "net.DialTimeout with this timeout")
	deadline = flag.Duration("context", 0, "DialContext, with a context that ends after this time")
)

func dial(address string) (net.Conn, error) {
	switch {
	case *timeout > 0:
		return net.DialTimeout("tcp", address, *timeout)
	case *deadline > 0:
		ctx, cancel := context.WithTimeout(context.Background(), *deadline)
		defer cancel()
		return (&net.Dialer{}).DialContext(ctx, "tcp", address)
	default:
		return net.Dial("tcp", address)
	}
}

func main() {
	flag.Parse()
	conn, err := dial(flag.Arg(0))
	report.Result("dial", err)
	if err == nil {
		conn.Close()
	}
}
