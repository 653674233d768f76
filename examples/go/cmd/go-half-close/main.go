// go-half-close sends a request, ends its own direction, and reads the answer to its end.
package main

import (
	"fmt"
	"io"
	"os"

	"nslab.example/go/internal/report"
)

func main() {
	conn := report.MustDial(os.Args[1])
	_, err := conn.Write([]byte("request"))
	report.Must(err)
	report.Result("CloseWrite", conn.CloseWrite())

	answer, err := io.ReadAll(conn) // the peer's end is no error
	report.Result(fmt.Sprintf("read %d bytes", len(answer)), err)
	_, err = conn.Write([]byte("more"))
	report.Result("write", err)
	report.Result("close", conn.Close())
}
