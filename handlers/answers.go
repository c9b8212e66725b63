package handlers

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"

	"github.com/klauspost/compress/gzip"

	"vetroom/web"
)

// reply is a whole answer, before its first byte is sent.
type reply struct {
	status int
	header map[string]string
	body   []byte
	secret bool   // holds a secret beside what a client chose: not to be compressed
	packed bool   // is compressed as it is
	sent   func() // if not nil, is called when the client has it or never will
}

// with adds a header.
func (r reply) with(name, value string) reply {
	header := map[string]string{name: value}
	for k, v := range r.header {
		if k != name {
			header[k] = v
		}
	}
	r.header = header
	return r
}

// asJSON answers with v.
func asJSON(status int, v any) (reply, error) {
	body, err := json.Marshal(v)
	if err != nil {
		return reply{}, fmt.Errorf("encode an answer: %w", err)
	}
	return reply{status: status, body: append(body, '\n')}.with("Content-Type", "application/json"), nil
}

// nothing answers 204.
func nothing() reply { return reply{status: http.StatusNoContent} }

// redirect sends a reader on, by GET.
func redirect(to string) reply {
	return reply{status: http.StatusSeeOther}.with("Location", to)
}

// page renders a page in the call's language.
func (c *call) page(status int, p web.Page) (reply, error) {
	var b bytes.Buffer
	if err := c.h.Web.Render(&b, c.lang, p); err != nil {
		return reply{}, err
	}
	return reply{status: status, body: b.Bytes()}.
		with("Content-Type", "text/html; charset=utf-8").with("Content-Language", c.lang).
		with("Vary", "Accept-Language, Cookie"), nil
}

// upTo sends a reader from the path of a form to where it stands: under, and the id if under ends in a slash.
func upTo(under string) endpoint {
	return func(c *call) (reply, error) {
		if under == "/" || !strings.HasSuffix(under, "/") {
			return redirect(under), nil
		}
		return redirect(under + url.PathEscape(c.PathValue("id"))), nil
	}
}

// send writes the answer. Nothing that is told to somebody is kept by anything between.
func (c *call) send(r reply) {
	if r.sent != nil {
		defer r.sent()
		defer c.haste(shownPeriod)()
	}
	head := c.w.Header()
	head.Set("Cache-Control", "private, no-store")
	for name, value := range r.header {
		head.Set(name, value)
	}
	for _, k := range c.cookies {
		http.SetCookie(c.w, k)
	}
	body := r.body
	if !r.secret && !r.packed && c.Method == http.MethodGet && len(body) > packFrom {
		head.Add("Vary", "Accept-Encoding")
		if acceptsGzip(c.Request) {
			body = packed(body)
			head.Set("Content-Encoding", "gzip")
		}
	}
	if len(body) > 0 {
		head.Set("Content-Length", strconv.Itoa(len(body)))
	}
	c.w.WriteHeader(r.status)
	c.w.Write(body) // a client that went away has nobody to tell
}

// packFrom is the size in bytes from which an answer is compressed: a smaller one fits into a packet anyway.
const packFrom = 1400

// packers compress at the quickest level: the usual one makes a page a tenth smaller and takes as long as drawing it.
var packers = sync.Pool{New: func() any {
	z, _ := gzip.NewWriterLevel(nil, gzip.BestSpeed) // a level that there is
	return z
}}

func packed(body []byte) []byte {
	var b bytes.Buffer
	z := packers.Get().(*gzip.Writer)
	defer packers.Put(z)
	z.Reset(&b)
	z.Write(body) // a bytes.Buffer does not fail
	z.Close()
	return b.Bytes()
}

func acceptsGzip(r *http.Request) bool {
	for _, coding := range strings.Split(r.Header.Get("Accept-Encoding"), ",") {
		name, weight, _ := strings.Cut(strings.TrimSpace(coding), ";")
		if name == "gzip" {
			q := strings.TrimSpace(weight)
			return q != "q=0" && q != "q=0.0"
		}
	}
	return false
}
