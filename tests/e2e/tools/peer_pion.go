// SPDX-License-Identifier: BSD-3-Clause

// The client of peer.c on pion: same options, same output, same status.
package main

import (
	"bytes"
	"context"
	"crypto/x509"
	"errors"
	"flag"
	"fmt"
	"math/rand"
	"net"
	"os"
	"time"

	"github.com/pion/dtls/v2"
)

const (
	statusCannot = 3
	triesMax     = 40 // of one datagram on a lossy way
)

var sizes = []int{1, 2, 15, 16, 17, 100, 255, 256, 257, 1000, 1024, 1200}

var (
	host       = flag.String("host", "", "")
	port       = flag.String("port", "", "")
	ca         = flag.String("ca", "", "")
	name       = flag.String("name", "dtlsgw.example", "")
	suite      = flag.Uint("suite", 0, "")
	retransmit = flag.Uint("retransmit", 1000, "ms")
	seed       = flag.Int64("seed", 1, "")
	timeout    = flag.Uint("timeout", 60, "s")
	quiet      = flag.Uint("quiet", 5000, "ms")
	lossy      = flag.Bool("lossy", false, "")
)

// countingConn knows whether the library has sent anything.
type countingConn struct {
	net.Conn
	sent int
}

func (c *countingConn) Write(p []byte) (int, error) {
	c.sent++
	return c.Conn.Write(p)
}

type echoes struct {
	conn            *dtls.Conn
	datagrams       [][]byte
	again, repeated int
}

// repeat tells whether p is a late echo of a datagram before index.
func (e *echoes) repeat(index int, p []byte) bool {
	for _, d := range e.datagrams[:index] {
		if *lossy && bytes.Equal(d, p) {
			e.repeated++
			return true
		}
	}
	return false
}

// await returns false without an error if the echo of datagram index does not come in time.
func (e *echoes) await(index int) (bool, error) {
	got := make([]byte, 16384)
	end := time.Now().Add(time.Duration(*quiet) * time.Millisecond)
	for {
		if err := e.conn.SetReadDeadline(end); err != nil {
			return false, err
		}
		n, err := e.conn.Read(got)
		var timedOut net.Error
		switch {
		case errors.As(err, &timedOut) && timedOut.Timeout():
			return false, nil
		case err != nil:
			return false, err
		case bytes.Equal(got[:n], e.datagrams[index]):
			return true, nil
		case !e.repeat(index, got[:n]):
			return false, fmt.Errorf("an echo of %d bytes is none of what was sent", n)
		}
	}
}

func (e *echoes) one(index int) error {
	tries := 1
	if *lossy {
		tries = triesMax
	}
	for i := 0; i < tries; i++ {
		if i > 0 {
			e.again++
		}
		if _, err := e.conn.Write(e.datagrams[index]); err != nil {
			return err
		}
		done, err := e.await(index)
		if done || err != nil {
			return err
		}
	}
	return errors.New("no echo")
}

func handshake(conn net.Conn) (*dtls.Conn, error) {
	pem, err := os.ReadFile(*ca)
	if err != nil {
		return nil, err
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("%s has no certificate", *ca)
	}
	return dtls.Client(conn, &dtls.Config{
		CipherSuites:         []dtls.CipherSuiteID{dtls.CipherSuiteID(*suite)},
		ExtendedMasterSecret: dtls.RequireExtendedMasterSecret,
		FlightInterval:       time.Duration(*retransmit) * time.Millisecond,
		RootCAs:              roots,
		ServerName:           *name,
		ConnectContextMaker: func() (context.Context, func()) {
			return context.WithTimeout(context.Background(),
				time.Duration(*timeout)*time.Second)
		},
	})
}

func finish(status int, format string, args ...interface{}) {
	fmt.Printf(format+"\n", args...)
	os.Exit(status)
}

func main() {
	flag.Parse()
	udp, err := net.Dial("udp", net.JoinHostPort(*host, *port))
	if err != nil {
		finish(2, "failed: %v", err)
	}
	counting := &countingConn{Conn: udp}
	start := time.Now()
	conn, err := handshake(counting)
	if err != nil && counting.sent == 0 {
		finish(statusCannot, "cannot: pion: %v", err)
	} else if err != nil {
		finish(1, "failed: handshake: %v", err)
	}
	up := time.Since(start).Milliseconds()
	fmt.Printf("up after %d ms\n", up)
	time.AfterFunc(time.Duration(*timeout)*time.Second, func() { finish(1, "failed: echoes: no end") })
	random := rand.New(rand.NewSource(*seed))
	e := echoes{conn: conn}
	for _, size := range sizes {
		datagram := make([]byte, size)
		random.Read(datagram)
		e.datagrams = append(e.datagrams, datagram)
	}
	for i := range sizes {
		if err := e.one(i); err != nil {
			finish(1, "failed: datagram %d: %v", i, err)
		}
	}
	conn.Close()
	finish(0, "passed: up after %d ms, %d datagrams, %d sent again, %d echoes repeated",
		up, len(sizes), e.again, e.repeated)
}
