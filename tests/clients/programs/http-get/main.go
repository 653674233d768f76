// SPDX-License-Identifier: GPL-2.0-or-later

// http-get gets a URL: with Go's default client, or with one that has the timeouts given.
package main

import (
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
)

func main() {
	timeout := flag.Duration("timeout", 0, "Client.Timeout")
	dial := flag.Duration("dial", 0, "Timeout of the transport's net.Dialer")
	header := flag.Duration("header", 0, "Transport.ResponseHeaderTimeout")
	flag.Parse()
	client := http.DefaultClient
	if *timeout+*dial+*header > 0 {
		transport := http.DefaultTransport.(*http.Transport).Clone()
		if *dial > 0 {
			transport.DialContext = (&net.Dialer{Timeout: *dial}).DialContext
		}
		transport.ResponseHeaderTimeout = *header
		client = &http.Client{Timeout: *timeout, Transport: transport}
	}
	answer, err := client.Get(flag.Arg(0))
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	defer answer.Body.Close()
	if _, err := io.Copy(os.Stdout, answer.Body); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
