// SPDX-License-Identifier: BSD-3-Clause

// The client of peer.c on pion: same options, same input, same output, same status.
package main

import (
	"bufio"
	"bytes"
	"context"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"flag"
	"fmt"
	"math/rand"
	"net"
	"os"
	"reflect"
	"strings"
	"sync"
	"time"

	"github.com/pion/dtls/v2"
)

const triesMax = 60 // of one datagram on a lossy way

var (
	sizes    = []int{1, 2, 15, 16, 17, 100, 255, 256, 257, 1000, 1024, 1200}
	fewSizes = []int{1, 16, 257, 1200} // of a cell with two associations

	ca         = flag.String("ca", "", "")
	name       = flag.String("name", "dtlsgw.example", "")
	identity   = flag.String("identity", "", "")
	keyText    = flag.String("key", "", "hexadecimal")
	retransmit = flag.Uint("retransmit", 1000, "ms")
	timeout    = flag.Uint("timeout", 60, "s")
	quiet      = flag.Uint("quiet", 5000, "ms")
	parallel   = flag.Uint("parallel", 8, "")

	key   []byte
	roots = x509.NewCertPool()
)

// errCannot: pion has no such thing, or proved to break the protocol.
type errCannot struct{ error }

type cell struct {
	name, auth, comeBack, host, port string
	suite                            uint16
	sourcePort                       int
	seed                             int64

	session  *dtls.Session
	verified int // certificates and keys used: none of them in a resumed handshake
	closed   int // associations that ended with a close_notify
	again    int
	repeated int
	upMs     int64
	deadline time.Time
}

var errNoEcho = errors.New("no echo")

// The store of one client for one session.
func (c *cell) Set(_ []byte, s dtls.Session) error {
	c.session = &s
	return nil
}

func (c *cell) Get([]byte) (dtls.Session, error) {
	if c.session == nil {
		return dtls.Session{}, nil
	}
	return *c.session, nil
}

func (c *cell) Del([]byte) error {
	c.session = nil
	return nil
}

func (c *cell) lossy() bool {
	return c.seed != 0
}

// countingConn knows what the library has sent and got.
type countingConn struct {
	net.Conn
	mutex           sync.Mutex
	sent            int
	up              bool
	asked, answered int  // datagrams with handshake records once it is up
	closed          bool // an alert was sent
}

func isHandshake(p []byte) bool {
	return len(p) > 0 && (p[0] == 20 || p[0] == 22)
}

func (c *countingConn) Write(p []byte) (int, error) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	c.sent++
	if c.up && isHandshake(p) {
		c.answered++
	}
	n, err := c.Conn.Write(p)
	if err == nil && p[0] == 21 {
		c.closed = true
	}
	return n, err
}

func (c *countingConn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	c.mutex.Lock()
	defer c.mutex.Unlock()
	if c.up && isHandshake(p[:n]) {
		c.asked++
	}
	return n, err
}

func (c *countingConn) setUp() {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	c.up = true
}

// mute tells how often the gateway repeated its flight of a resumed handshake without an answer: pion
// owns the last flight and has to repeat it (RFC 6347 section 4.2.4).
func (c *countingConn) mute() int {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	if c.answered > 0 {
		return 0
	}
	return c.asked
}

type echoes struct {
	*cell
	conn      *dtls.Conn
	datagrams [][]byte
}

// repeat tells whether p is a late echo of a datagram before index.
func (e *echoes) repeat(index int, p []byte) bool {
	for _, d := range e.datagrams[:index] {
		if e.lossy() && bytes.Equal(d, p) {
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
	if e.lossy() {
		tries = triesMax
	}
	for i := 0; i < tries && time.Now().Before(e.deadline); i++ {
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
	return errNoEcho
}

func (c *cell) echo(conn *dtls.Conn) error {
	e := echoes{cell: c, conn: conn}
	random := rand.New(rand.NewSource(c.seed))
	wanted := sizes
	if c.comeBack != "full" {
		wanted = fewSizes
	}
	for _, size := range wanted {
		datagram := make([]byte, size)
		random.Read(datagram)
		e.datagrams = append(e.datagrams, datagram)
	}
	for i := range e.datagrams {
		if err := e.one(i); err != nil {
			return fmt.Errorf("datagram %d: %w", i, err)
		}
	}
	return nil
}

func (c *cell) config() *dtls.Config {
	config := &dtls.Config{
		CipherSuites:         []dtls.CipherSuiteID{dtls.CipherSuiteID(c.suite)},
		ExtendedMasterSecret: dtls.RequireExtendedMasterSecret,
		FlightInterval:       time.Duration(*retransmit) * time.Millisecond,
		ServerName:           *name,
		ConnectContextMaker: func() (context.Context, func()) {
			return context.WithDeadline(context.Background(), c.deadline)
		},
	}
	if c.comeBack == "id" {
		config.SessionStore = c
	}
	if c.auth == "psk" {
		config.PSKIdentityHint = []byte(*identity)
		config.PSK = func([]byte) ([]byte, error) {
			c.verified++
			return key, nil
		}
		return config
	}
	config.RootCAs = roots
	config.VerifyPeerCertificate = func([][]byte, [][]*x509.Certificate) error {
		c.verified++
		return nil
	}
	return config
}

// associate makes an association and uses it.
func (c *cell) associate(second bool) error {
	gateway, err := net.ResolveUDPAddr("udp", net.JoinHostPort(c.host, c.port))
	if err != nil {
		return err
	}
	local := &net.UDPAddr{Port: c.sourcePort}
	if second && c.sourcePort != 0 {
		local.Port++
	}
	udp, err := net.DialUDP("udp", local, gateway)
	if err != nil {
		return err
	}
	defer udp.Close()
	counting := &countingConn{Conn: udp}
	start := time.Now()
	c.verified = 0
	conn, err := dtls.Client(counting, c.config())
	if err != nil && counting.sent == 0 {
		return errCannot{err}
	} else if err != nil {
		return fmt.Errorf("handshake: %w", err)
	}
	// Close() may close the socket first, of which its reader takes care, and then say nothing.
	defer func() {
		conn.Close()
		counting.mutex.Lock()
		defer counting.mutex.Unlock()
		if counting.closed {
			c.closed++
		}
	}()
	counting.setUp()
	c.upMs = time.Since(start).Milliseconds()
	if second != (c.verified == 0) {
		return fmt.Errorf("keys or certificates were used %d times", c.verified)
	}
	err = c.echo(conn)
	if n := counting.mute(); second && errors.Is(err, errNoEcho) && n >= 2 {
		return errCannot{fmt.Errorf("was asked %d times for its last flight and did not repeat it", n)}
	}
	return err
}

// hasTickets asks pion's own type.
func hasTickets() bool {
	config := reflect.TypeOf(dtls.Config{})
	for i := 0; i < config.NumField(); i++ {
		if strings.Contains(config.Field(i).Name, "Ticket") {
			return true
		}
	}
	return false
}

func (c *cell) run() error {
	c.deadline = time.Now().Add(time.Duration(*timeout) * time.Second)
	if c.comeBack == "ticket" && !hasTickets() {
		return errCannot{errors.New("dtls.Config has nothing about tickets")}
	}
	err := c.associate(false)
	if err != nil || c.comeBack == "full" {
		return err
	}
	if c.session == nil || len(c.session.ID) == 0 {
		return errors.New("the gateway gave no session id")
	}
	if err := c.associate(true); err != nil {
		return fmt.Errorf("second: %w", err)
	}
	return nil
}

// report writes the cell's line and returns false if it has failed.
func (c *cell) report(err error) bool {
	var cannot errCannot
	switch {
	case err == nil:
		fmt.Printf("%s passed %d closed, up after %d ms, %d sent again, %d echoes repeated\n",
			c.name, c.closed, c.upMs, c.again, c.repeated)
	case errors.As(err, &cannot):
		fmt.Printf("%s cannot pion: %v\n", c.name, err)
	default:
		fmt.Printf("%s failed %v\n", c.name, err)
		return false
	}
	return true
}

func parse(line string) (*cell, error) {
	c := &cell{}
	_, err := fmt.Sscanf(line, "%s %v %s %s %s %s %d %d", &c.name, &c.suite, &c.auth, &c.comeBack,
		&c.host, &c.port, &c.sourcePort, &c.seed)
	return c, err
}

func die(err error) {
	fmt.Fprintln(os.Stderr, err)
	os.Exit(2)
}

func main() {
	var (
		running sync.WaitGroup
		mutex   sync.Mutex
		status  int
	)
	flag.Parse()
	pem, err := os.ReadFile(*ca)
	if err != nil {
		die(err)
	}
	roots.AppendCertsFromPEM(pem)
	if key, err = hex.DecodeString(*keyText); err != nil {
		die(err)
	}
	room := make(chan bool, *parallel)
	for input := bufio.NewScanner(os.Stdin); input.Scan(); {
		c, err := parse(input.Text())
		if err != nil {
			die(err)
		}
		room <- true
		running.Add(1)
		go func() {
			err := c.run()
			mutex.Lock()
			if !c.report(err) {
				status = 1
			}
			mutex.Unlock()
			<-room
			running.Done()
		}()
	}
	running.Wait()
	os.Exit(status)
}
