// SPDX-License-Identifier: GPL-2.0-or-later

// Package dial dials with a deadline, and again.
package dial

import (
	"errors"
	"net"
	"time"
)

// WithRetry connects to addr over TCP. Each attempt gets timeout; another one is made only after a timeout.
func WithRetry(addr string, timeout time.Duration, attempts int) (net.Conn, error) {
	dialer := net.Dialer{Timeout: timeout}
	for {
		conn, err := dialer.Dial("tcp", addr)
		attempts--
		var e net.Error
		if err == nil || attempts <= 0 || !errors.As(err, &e) || !e.Timeout() {
			return conn, err
		}
	}
}
