// Package fault is a proxy between the plugin and a server that fails on demand: it
// refuses, resets, cuts, delays, swaps and repeats answers, and fails to resolve names.
package fault

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"syscall"
	"time"
)

// Proxy stands before a server on a port of the loopback address. It is safe for
// concurrent use.
type Proxy struct {
	address string
	client  *http.Client

	mu       sync.Mutex
	target   string
	fault    Fault
	server   *http.Server
	served   chan struct{}         // closed when the server has ended
	changed  context.Context       // done when another fault begins
	change   context.CancelFunc    // ends changed
	open     map[net.Conn]struct{} // connections of clients
	requests map[string]int        // by path, those that were answered as they are
	last     map[string][]byte     // the last answer to each path
}

// Fault spoils one answer, which is empty where the server gave none.
type Fault func(e *Exchange)

// Exchange is one request, and the answer of the server as it is written on a connection:
// its head and its body.
type Exchange struct {
	Request    *http.Request
	Head, Body []byte
	// Ended is done when the client has gone, or the fault ends.
	Ended context.Context
	// Conn is the connection to the client, which is closed after the fault.
	Conn net.Conn
	// Other is the answer to another path, nil if there was none yet.
	Other []byte
}

// Start begins to stand before the server at that address, without a fault.
func Start(target string) (*Proxy, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	p := &Proxy{
		address: listener.Addr().String(), target: target, client: &http.Client{Transport: &http.Transport{DisableKeepAlives: true}},
		open: map[net.Conn]struct{}{}, requests: map[string]int{}, last: map[string][]byte{},
	}
	p.changed, p.change = context.WithCancel(context.Background())
	p.serve(listener)
	return p, nil
}

// URL is the base address of the server through the proxy.
func (p *Proxy) URL() string { return "http://" + p.address }

// Port is the proxy's port.
func (p *Proxy) Port() string { return p.address[strings.LastIndex(p.address, ":")+1:] }

// Turn has the proxy stand before another server.
func (p *Proxy) Turn(target string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.target = target
}

// Begin begins a fault, nil for none, for all requests from now on; those that are
// spoiled by another end.
func (p *Proxy) Begin(fault Fault) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.fault = fault
	p.change()
	p.changed, p.change = context.WithCancel(context.Background())
}

// Refuse closes the port, and all connections.
func (p *Proxy) Refuse() {
	p.mu.Lock()
	server, served := p.server, p.served
	p.change()
	p.mu.Unlock()
	_ = server.Close() // its listener is closed either way
	p.Drop()
	<-served
}

// acceptWithin is for how long a port is waited for that another program has taken.
const acceptWithin = 30 * time.Second

// Accept opens the port again.
func (p *Proxy) Accept(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, acceptWithin)
	defer cancel()
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for {
		listener, err := net.Listen("tcp", p.address)
		if err == nil {
			p.mu.Lock()
			p.changed, p.change = context.WithCancel(context.Background())
			p.mu.Unlock()
			p.serve(listener)
			return nil
		}
		if !errors.Is(err, syscall.EADDRINUSE) {
			return err
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("another program has taken %s: %w", p.address, err)
		case <-tick.C:
		}
	}
}

// Drop closes the connections of all clients.
func (p *Proxy) Drop() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for conn := range p.open {
		_ = conn.Close() // of one that is closed already
	}
}

// Open is how many connections clients have.
func (p *Proxy) Open() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.open)
}

// Answered is how many requests for paths that end so were answered without a fault.
func (p *Proxy) Answered(suffix string) (count int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for path, n := range p.requests {
		if strings.HasSuffix(path, suffix) {
			count += n
		}
	}
	return count
}

// Close ends the proxy.
func (p *Proxy) Close() {
	p.Refuse()
	p.client.CloseIdleConnections()
}

func (p *Proxy) serve(listener net.Listener) {
	server := &http.Server{Handler: p, ReadHeaderTimeout: time.Minute, ConnState: p.count}
	served := make(chan struct{})
	p.mu.Lock()
	p.server, p.served = server, served
	p.mu.Unlock()
	go func() {
		defer close(served)
		_ = server.Serve(listener) // until it is closed
	}()
}

// count keeps the connections that are open, up to an answer: that ends them.
func (p *Proxy) count(conn net.Conn, state http.ConnState) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch state {
	case http.StateNew:
		p.open[conn] = struct{}{}
	case http.StateClosed:
		delete(p.open, conn)
	}
}

// ServeHTTP answers as the server does, or spoils that.
func (p *Proxy) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	target, fault, changed := p.target, p.fault, p.changed
	p.mu.Unlock()
	head, body, err := p.ask(target, r)
	if err != nil && fault == nil {
		panic(http.ErrAbortHandler) // as of a server that is gone
	}
	p.mu.Lock()
	whole := append(bytes.Clone(head), body...)
	var other []byte
	for path, answer := range p.last {
		if path != r.URL.Path {
			other = answer
		}
	}
	if err == nil {
		p.last[r.URL.Path] = whole
	}
	if fault == nil {
		p.requests[r.URL.Path]++
	}
	p.mu.Unlock()
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	defer func() {
		_ = conn.Close() // a fault may have closed it
		p.mu.Lock()
		defer p.mu.Unlock()
		delete(p.open, conn)
	}()
	if fault == nil {
		_, _ = conn.Write(whole) // to a client that may have gone
		return
	}
	ended, end := context.WithCancel(changed)
	defer end()
	go func() { // the client sends nothing any more
		_, _ = io.Copy(io.Discard, conn)
		end()
	}()
	fault(&Exchange{Request: r, Head: head, Body: body, Ended: ended, Conn: conn, Other: other})
}

// ask has the server answer. One answer ends each connection, so that faults meet all.
func (p *Proxy) ask(target string, r *http.Request) (head, body []byte, err error) {
	request, err := http.NewRequestWithContext(r.Context(), r.Method, target+r.URL.RequestURI(), r.Body)
	if err != nil {
		return nil, nil, err
	}
	request.Header = r.Header.Clone()
	request.Header.Del("Accept-Encoding") // so that the client unpacks what the server packs
	answer, err := p.client.Do(request)
	if err != nil {
		return nil, nil, err
	}
	defer func() { _ = answer.Body.Close() }()
	if body, err = io.ReadAll(answer.Body); err != nil {
		return nil, nil, err
	}
	return headOf(answer.StatusCode, answer.Header.Get("Content-Type"), len(body)), body, nil
}

func headOf(status int, contentType string, length int) []byte {
	return fmt.Appendf(nil, "HTTP/1.1 %d %s\r\nContent-Type: %s\r\nContent-Length: %d\r\nConnection: close\r\n\r\n", status, http.StatusText(status), contentType, length)
}

// Reset breaks the connection off in the middle of the answer.
func Reset(e *Exchange) {
	_, _ = e.Conn.Write(append(e.Head, e.Body[:len(e.Body)/2]...))
	if tcp, is := e.Conn.(*net.TCPConn); is {
		_ = tcp.SetLinger(0) // it is closed in any case
	}
}

// Cut ends the answer in the middle of its body.
func Cut(e *Exchange) { _, _ = e.Conn.Write(append(e.Head, e.Body[:len(e.Body)/2]...)) }

// Dripping sends the body a byte a second.
func Dripping(e *Exchange) {
	_, err := e.Conn.Write(e.Head)
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for n := 0; n < len(e.Body) && err == nil; n++ {
		select {
		case <-tick.C:
			_, err = e.Conn.Write(e.Body[n : n+1])
		case <-e.Ended.Done():
			return
		}
	}
}

// Hanging never answers.
func Hanging(e *Exchange) { <-e.Ended.Done() }

// Swapped sends the answer to another request.
func Swapped(e *Exchange) {
	if e.Other == nil {
		e.Other = append(e.Head, e.Body...)
	}
	_, _ = e.Conn.Write(e.Other)
}

// Twice sends the answer twice, the second where the one to the next request is due.
func Twice(e *Exchange) {
	whole := bytes.ReplaceAll(append(e.Head, e.Body...), []byte("Connection: close\r\n"), nil)
	_, _ = e.Conn.Write(append(whole, whole...))
	<-e.Ended.Done()
}

// Answering answers everything alike.
func Answering(status int, contentType, body string) Fault {
	return func(e *Exchange) {
		_, _ = e.Conn.Write(append(headOf(status, contentType, len(body)), body...))
	}
}
