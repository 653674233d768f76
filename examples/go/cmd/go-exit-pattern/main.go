// go-exit-pattern says goodbye: set a deadline, write, CloseWrite, read until the end, Close.
package main

import (
	"flag"
	"fmt"
	"io"
	"time"

	"nslab.example/go/internal/report"
)

var (
	writeOnly = flag.Bool("write-deadline", false, "SetWriteDeadline, not SetDeadline")
	timeout   = flag.Duration("timeout", 500*time.Millisecond, "the deadline, from now")
	size      = flag.Int("bytes", 3, "how much to write")
)

func main() {
	flag.Parse()
	conn := report.MustDial(flag.Arg(0))
	setDeadline := conn.SetDeadline
	if *writeOnly {
		setDeadline = conn.SetWriteDeadline
	}
	report.Must(setDeadline(time.Now().Add(*timeout)))

	n, err := conn.Write(make([]byte, *size))
	if n < *size {
		report.Result("write, not all of it", err)
	} else {
		report.Result(fmt.Sprintf("write %d bytes", n), err)
	}
	report.Result("CloseWrite", conn.CloseWrite())
	rest, err := io.Copy(io.Discard, conn)
	report.Result(fmt.Sprintf("read %d bytes", rest), err)
	report.Result("close", conn.Close())
}
