// go-close-then-write writes to a connection that it has closed itself.
package main

import (
	"os"

	"nslab.example/go/internal/report"
)

func main() {
	conn := report.MustDial(os.Args[1])
	report.Result("close", conn.Close())
	_, err := conn.Write([]byte("one more thing"))
	report.Result("write", err)
	report.Result("close again", conn.Close())
}
