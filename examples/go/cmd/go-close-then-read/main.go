// go-close-then-read reads one byte of what the peer sent, closes, and wants the rest.
package main

import (
	"os"

	"nslab.example/go/internal/report"
)

func main() {
	conn := report.MustDial(os.Args[1])
	buf := make([]byte, 1)
	_, err := conn.Read(buf)
	report.Must(err)

	// the rest of the peer's segment waits in the kernel, unread
	report.Result("close", conn.Close())
	_, err = conn.Read(buf)
	report.Result("read", err)
}
