package handlers

import (
	"bytes"
	"context"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"slices"
	"sync"
	"time"
	"unicode/utf8"

	"vetroom/clinic"
)

// Limits of a photo on its way.
const (
	maxPhoto     = 12 << 20 // bytes (contract §2)
	maxForm      = 64 << 10 // bytes of a form beside its photo
	maxTooLarge  = 40 << 20 // bytes that are still read, and dropped, so that a browser hears why and not of a broken connection
	maxUploads   = 32       // at a time; what has come of a photo is in memory
	maxOfOne     = 4        // of them, of one address
	maxParts     = 8
	uploadPeriod = 2 * time.Minute

	maxShown    = 32 // photos on their way out, each whole in memory until its reader has it
	maxShownTo  = 6  // of them, to one address: as many as a browser has connections
	shownPeriod = 2 * time.Minute
)

// photoForm is what POST /api/v1/screenings, the form of its page, and POST …/stills send.
type photoForm struct {
	photo    []byte
	bodyPart string // of a screening
}

// berths gives places to the photos on their way, in or out.
type berths struct {
	places chan struct{}
	ofOne  int // that one address may have

	mu sync.Mutex     // guards of
	of map[string]int // by address
}

func newBerths(all, ofOne int) *berths {
	return &berths{places: make(chan struct{}, all), ofOne: ofOne, of: map[string]int{}}
}

// enter gives a photo of an address its place, and what gives that back. Nobody's, "", is not counted. It returns
// errRateLimited to an address that has its share, and errBusy if no place became free.
func (u *berths) enter(ctx context.Context, address string) (leave func(), err error) {
	if !u.count(address) {
		return nil, &brakedError{time.Second}
	}
	select {
	case u.places <- struct{}{}:
		return func() { <-u.places; u.discount(address) }, nil
	case <-ctx.Done():
		u.discount(address)
		return nil, errBusy
	}
}

func (u *berths) count(address string) bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	if address == "" {
		return true
	}
	if u.of[address] >= u.ofOne {
		return false
	}
	u.of[address]++
	return true
}

func (u *berths) discount(address string) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.of[address]--; u.of[address] <= 0 {
		delete(u.of, address)
	}
}

// receivePhoto reads a photo and the named texts from the call's form, within the brakes and in a place, which leave gives
// back: not before the photo is taken in, since until then it is in memory.
func (h *Handler) receivePhoto(c *call, texts ...string) (form photoForm, leave func(), err error) {
	boundary, err := c.photoBoundary()
	if err != nil {
		return form, nil, err
	}
	try, leave, err := h.boardPhoto(c)
	if err != nil {
		return form, nil, err
	}
	form, err = c.photoForm(boundary, texts...)
	try.settle(true) // whatever came of it, it took a place and its time
	if err != nil {
		leave()
	}
	return form, leave, err
}

// boardPhoto lets a photo begin, within the brakes and in a place. A vet's own calls are exempt from the brakes.
func (h *Handler) boardPhoto(c *call) (try *act, leave func(), err error) {
	address := ""
	if c.who.VetID == "" {
		address = neighbourhood(c.address)
		if try, err = enter(c.ctx(), demand{h.brakes.reservations, address}); err != nil {
			return nil, nil, err
		}
	}
	if leave, err = h.upload.enter(c.ctx(), address); err != nil {
		try.settle(false)
		return nil, nil, err
	}
	return try, leave, nil
}

// photoBoundary is what parts the form that a call is about to send. It returns errType and clinic.ErrPhotoLarge for
// what is not worth reading.
func (c *call) photoBoundary() (string, error) {
	media, params, err := mime.ParseMediaType(c.Header.Get("Content-Type"))
	if err != nil || media != "multipart/form-data" || params["boundary"] == "" {
		return "", errType.With("Send multipart/form-data with a photo.")
	}
	if c.ContentLength > maxTooLarge {
		return "", clinic.ErrPhotoLarge
	}
	return params["boundary"], nil
}

// photoForm reads a multipart form with a photo, and with the named texts beside it. It returns errMalformed,
// clinic.ErrPhotoLarge, and clinic.ErrInvalid for what is missing or not known. Nothing of it touches a disk.
func (c *call) photoForm(boundary string, texts ...string) (photoForm, error) {
	defer c.patience(uploadPeriod)()
	body := http.MaxBytesReader(c.w, c.Body, maxTooLarge)
	form, err := readPhotoForm(multipart.NewReader(body, boundary), texts)
	if errors.Is(err, clinic.ErrPhotoLarge) {
		io.Copy(io.Discard, body) // how much of it is read bounds MaxBytesReader
	}
	return form, err
}

// patience lets the rest of the call take its time, beyond what the server allows any other, but no longer than d. What
// it returns ends that.
func (c *call) patience(d time.Duration) func() {
	conn := http.NewResponseController(c.w)
	if conn.SetReadDeadline(time.Time{}) != nil {
		return func() {} // not a connection of a server
	}
	long := time.AfterFunc(d, func() { conn.SetReadDeadline(time.Unix(1, 0)) })
	return func() { long.Stop() }
}

// showPhoto answers with a photo. It has a place, and a time, until it is sent: else who asks for many and reads none of
// them would have all of the memory. A vet's own calls wait for places like others', and are not counted.
func (h *Handler) showPhoto(c *call, read func() ([]byte, error)) (reply, error) {
	address := ""
	if c.who.VetID == "" {
		address = neighbourhood(c.address)
	}
	leave, err := h.download.enter(c.ctx(), address)
	if err != nil {
		return reply{}, err
	}
	body, err := read()
	if err != nil {
		leave()
		return reply{}, err
	}
	return reply{status: http.StatusOK, body: body, packed: true, sent: leave}.with("Content-Type", "image/jpeg"), nil
}

// haste has the connection fail if its client has not taken an answer within d. What it returns ends that.
func (c *call) haste(d time.Duration) func() {
	conn := http.NewResponseController(c.w)
	late := time.AfterFunc(d, func() { conn.SetWriteDeadline(time.Unix(1, 0)) })
	return func() { late.Stop() }
}

func readPhotoForm(parts *multipart.Reader, texts []string) (form photoForm, err error) {
	var f faults
	seen := map[string]bool{}
	for rest := maxForm; ; {
		part, err := parts.NextPart()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return form, uploadError(err)
		}
		name := part.FormName()
		if len(seen) > maxParts {
			return form, errMalformed.With("The form has too many parts.")
		}
		if seen[name] {
			f.note(shown(name), "is given twice")
		}
		seen[name] = true
		switch {
		case name == "photo":
			form.photo, err = readPart(part, maxPhoto)
		case slices.Contains(texts, name): // "body_part"
			var text []byte
			text, err = readPart(part, rest)
			rest -= len(text)
			form.bodyPart = string(bytes.TrimSpace(text))
		default:
			f.note(shown(name), "is not known here")
		}
		if err != nil {
			return form, err
		}
	}
	if len(form.photo) == 0 {
		f.note("photo", "is missing")
	}
	if !utf8.ValidString(form.bodyPart) {
		f.note("body_part", "holds characters that cannot be shown")
	}
	return form, f.err()
}

// readPart reads a part whole. It returns clinic.ErrPhotoLarge for more than high bytes.
func readPart(part *multipart.Part, high int) ([]byte, error) {
	var b bytes.Buffer
	if _, err := b.ReadFrom(io.LimitReader(part, int64(high)+1)); err != nil {
		return nil, uploadError(err)
	}
	if b.Len() > high {
		return nil, clinic.ErrPhotoLarge
	}
	return b.Bytes(), nil
}

// uploadError tells what is too large from what did not arrive whole.
func uploadError(err error) error {
	var tooLarge *http.MaxBytesError
	if errors.As(err, &tooLarge) {
		return clinic.ErrPhotoLarge
	}
	return errMalformed.With("The photo did not arrive whole.")
}
