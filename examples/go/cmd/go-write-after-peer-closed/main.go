// go-write-after-peer-closed waits for the peer's end, and writes twice all the same.
package main

import (
	"os"
	"time"

	"nslab.example/go/internal/report"
)

func main() {
	conn := report.MustDial(os.Args[1])
	_, err := conn.Read(make([]byte, 1))
	report.Result("read", err)

	_, err = conn.Write([]byte("first"))
	report.Result("first write", err)
	time.Sleep(200 * time.Millisecond) // for the peer's answer: nothing tells when it is here
	_, err = conn.Write([]byte("second"))
	report.Result("second write", err)
}
