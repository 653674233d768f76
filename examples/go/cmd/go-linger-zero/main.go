// go-linger-zero closes with SetLinger(0): with a RST instead of a FIN.
package main

import (
	"os"

	"nslab.example/go/internal/report"
)

func main() {
	conn := report.MustDial(os.Args[1])
	_, err := conn.Write([]byte("hello"))
	report.Must(err)
	_, err = conn.Read(make([]byte, 1)) // the peer has it
	report.Must(err)
	report.Must(conn.SetLinger(0))
	report.Result("close", conn.Close())
}
