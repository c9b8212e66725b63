package handlers

import (
	"bytes"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
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
	maxParts     = 8
	uploadPeriod = 2 * time.Minute
)

// photoForm is what POST /api/v1/screenings and the form of its page send.
type photoForm struct {
	photo    []byte
	bodyPart string
}

// photoForm reads a multipart form with a photo. It returns errType, errMalformed, clinic.ErrPhotoLarge, errBusy while
// too many photos are on their way, and clinic.ErrInvalid for what is missing or not known. Nothing of it touches a disk.
func (c *call) photoForm() (photoForm, error) {
	media, params, err := mime.ParseMediaType(c.Header.Get("Content-Type"))
	if err != nil || media != "multipart/form-data" || params["boundary"] == "" {
		return photoForm{}, errType.With("Send multipart/form-data with a photo.")
	}
	if c.ContentLength > maxTooLarge {
		return photoForm{}, clinic.ErrPhotoLarge
	}
	select {
	case c.h.upload <- struct{}{}:
		defer func() { <-c.h.upload }()
	case <-c.ctx().Done():
		return photoForm{}, errBusy
	}
	defer c.patience(uploadPeriod)()
	body := http.MaxBytesReader(c.w, c.Body, maxTooLarge)
	form, err := readPhotoForm(multipart.NewReader(body, params["boundary"]))
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

func readPhotoForm(parts *multipart.Reader) (form photoForm, err error) {
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
		switch name {
		case "photo":
			form.photo, err = readPart(part, maxPhoto)
		case "body_part":
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
