// Package report prints what happened, for people and for the scenarios.
package report

import (
	"context"
	"errors"
	"fmt"
	"log"
	"net"
	"os"
)

// Result prints a call's error as it stands, and what a program can ask of it.
func Result(call string, err error) {
	if err == nil {
		fmt.Printf("%s: ok\n", call)
		return
	}
	fmt.Printf("%s: %v\n", call, err)
	var netErr net.Error
	fmt.Printf("    Timeout=%t os.ErrDeadlineExceeded=%t context.DeadlineExceeded=%t net.ErrClosed=%t\n",
		errors.As(err, &netErr) && netErr.Timeout(),
		errors.Is(err, os.ErrDeadlineExceeded),
		errors.Is(err, context.DeadlineExceeded),
		errors.Is(err, net.ErrClosed))
}

// MustDial connects to what is to be shown, or ends the program.
func MustDial(address string) *net.TCPConn {
	conn, err := net.Dial("tcp", address)
	Must(err)
	fmt.Println("connected")
	return conn.(*net.TCPConn)
}

// Must ends the program if what it only prepares has failed.
func Must(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
