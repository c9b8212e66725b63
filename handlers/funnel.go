package handlers

import (
	"context"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"time"

	"vetroom/clinic"
	"vetroom/web"
)

// call is one request on its way through the funnel.
type call struct {
	*http.Request
	h       *Handler
	w       http.ResponseWriter
	who     clinic.Who
	now     time.Time
	lang    string
	address netip.Addr // the client's; not valid where nobody can tell
	cookies []*http.Cookie
}

func (c *call) ctx() context.Context { return c.Context() }

// isAPI tells whether the caller reads JSON rather than pages.
func (c *call) isAPI() bool { return strings.HasPrefix(c.URL.Path, "/api/") }

// funnel answers the calls of one path. Without methods there is nothing there.
func (h *Handler) funnel(methods map[string]route) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		ctx, cancel := context.WithTimeout(r.Context(), h.Timeout)
		defer cancel()
		c := h.newCall(w, r.WithContext(ctx))
		answer, err := h.handle(c, methods)
		if err != nil {
			answer = c.refuse(err)
		}
		c.send(answer)
	}
}

func (h *Handler) newCall(w http.ResponseWriter, r *http.Request) *call {
	c := &call{Request: r, h: h, w: w, now: h.Clock.Now(), address: clientAddress(r, h.TrustedProxies)}
	cookie := ""
	if k, err := r.Cookie(web.LangCookie); err == nil {
		cookie = k.Value
	}
	c.lang = web.PickLang(cookie, r.Header.Get("Accept-Language"))
	return c
}

func (h *Handler) handle(c *call, methods map[string]route) (reply, error) {
	to, err := choose(c, methods)
	if err != nil {
		return reply{}, err
	}
	if h.guard.Check(c.Request) != nil {
		return reply{}, errCrossOrigin
	}
	if err := c.identify(); err != nil {
		return reply{}, err
	}
	if to.need == vetOnly && c.who.VetID == "" {
		return c.unknownVet()
	}
	return to.do(c)
}

// choose finds the route of the call's method, HEAD being a GET. It returns clinic.ErrNotFound and errMethod.
func choose(c *call, methods map[string]route) (route, error) {
	if len(methods) == 0 {
		return route{}, clinic.ErrNotFound
	}
	method := c.Method
	if method == http.MethodHead {
		method = http.MethodGet
	}
	if r, ok := methods[method]; ok {
		return r, nil
	}
	c.w.Header().Set("Allow", allowed(methods))
	return route{}, errMethod
}

func allowed(methods map[string]route) string {
	var names []string
	for name := range methods {
		names = append(names, name)
		if name == http.MethodGet {
			names = append(names, http.MethodHead)
		}
	}
	slices.Sort(names)
	return strings.Join(names, ", ")
}

// identify reads the cookies, and renews those that are growing old.
func (c *call) identify() error {
	id, err := c.h.Sessions.identify(c.Request)
	if err != nil {
		return err
	}
	c.who = id.who()
	for _, s := range id.sessions() {
		if c.now.Sub(s.issued) >= renewAfter {
			c.setCookie(c.h.Sessions.cookie(s, c.now))
		}
	}
	return nil
}

// unknownVet refuses a call that only a vet may make; a reader of pages is sent to the login.
func (c *call) unknownVet() (reply, error) {
	if c.isAPI() {
		return reply{}, errNoSession
	}
	to := "/vet/login"
	if c.Method == http.MethodGet && c.URL.Path != "/vet" {
		to += "?next=" + escape(c.URL.RequestURI())
	}
	return redirect(to), nil
}

// id gives the id in the path. It returns clinic.ErrNotFound for what no id looks like, so that nothing else gets
// to the store.
func (c *call) id() (string, error) {
	if id := c.PathValue("id"); isID(id) {
		return id, nil
	}
	return "", clinic.ErrNotFound
}

// setCookie sets a cookie with the answer, in place of an earlier one of that name.
func (c *call) setCookie(k *http.Cookie) {
	c.cookies = append(slices.DeleteFunc(c.cookies, func(o *http.Cookie) bool { return o.Name == k.Name }), k)
}
