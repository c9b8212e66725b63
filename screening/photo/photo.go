// Package photo reads the pictures that people send, and makes of each a JPEG of our own: upright, no larger than asked
// for, and with nothing of what the file said beside the picture (place, time, camera, thumbnail).
//
// What a file is its content tells, never its name. Before anything is decoded its header is asked how much that would
// be: a few bytes can claim to be millions of pixels.
package photo

import (
	"bytes"
	"errors"
	"fmt"
	"image"
	"image/jpeg"
	"image/png"

	"golang.org/x/image/webp"
)

// Kind is what a file is.
type Kind string

// The kinds that are told apart. Of HEIF (also HEIC and AVIF) only that it is one: phones make it, and there is no
// decoder for it that one would want to show to strangers.
const (
	JPEG    Kind = "jpeg"
	PNG     Kind = "png"
	WebP    Kind = "webp"
	HEIF    Kind = "heif"
	Unknown Kind = ""
)

// Why a file is refused.
var (
	ErrKind       = errors.New("not a picture of a kind that is read")
	ErrTooLarge   = errors.New("the picture has too many pixels")
	ErrUnreadable = errors.New("the picture is damaged")
)

// Limits say what is read, and what is kept of it.
type Limits struct {
	Kinds  []Kind
	Pixels int // of what is decoded
	Side   int // pixels of the longer side that is kept
}

// KindOf tells what a file's first bytes say that it is.
func KindOf(body []byte) Kind {
	switch {
	case bytes.HasPrefix(body, []byte{0xFF, 0xD8, 0xFF}):
		return JPEG
	case bytes.HasPrefix(body, []byte("\x89PNG\r\n\x1a\n")):
		return PNG
	case len(body) >= 12 && string(body[:4]) == "RIFF" && string(body[8:12]) == "WEBP":
		return WebP
	case len(body) >= 12 && string(body[4:8]) == "ftyp" && isHEIF(string(body[8:12])):
		return HEIF
	}
	return Unknown
}

// isHEIF tells whether a brand of ISO base media is a still picture's (ISO/IEC 23008-12, annex B; AVIF 1.1, section 6).
func isHEIF(brand string) bool {
	switch brand {
	case "heic", "heix", "heim", "heis", "hevc", "hevx", "mif1", "mif2", "msf1", "avif", "avis":
		return true
	}
	return false
}

// codec is how one kind is read.
type codec struct {
	config func([]byte) (image.Config, error)
	decode func([]byte) (image.Image, error)
}

var codecs = map[Kind]codec{
	JPEG: {
		func(b []byte) (image.Config, error) { return jpeg.DecodeConfig(bytes.NewReader(b)) },
		func(b []byte) (image.Image, error) { return jpeg.Decode(bytes.NewReader(b)) },
	},
	PNG: {
		func(b []byte) (image.Config, error) { return png.DecodeConfig(bytes.NewReader(b)) },
		func(b []byte) (image.Image, error) { return png.Decode(bytes.NewReader(b)) },
	},
	WebP: {
		func(b []byte) (image.Config, error) { return webp.DecodeConfig(bytes.NewReader(b)) },
		func(b []byte) (image.Image, error) { return webp.Decode(bytes.NewReader(b)) },
	},
}

// Header is what a file says of itself before it is decoded.
type Header struct {
	Kind          Kind
	Width, Height int // as stored, before it is turned upright
}

// Pixels is how many are decoded.
func (h Header) Pixels() int { return h.Width * h.Height }

// Look reads a file's header. It returns ErrKind, ErrUnreadable, and ErrTooLarge.
func Look(body []byte, l Limits) (Header, error) {
	h := Header{Kind: KindOf(body)}
	known := false
	for _, kind := range l.Kinds {
		known = known || kind == h.Kind
	}
	if !known || h.Kind == Unknown {
		return h, ErrKind
	}
	size, err := codecs[h.Kind].config(body)
	if err != nil {
		return h, fmt.Errorf("%w: %w", ErrUnreadable, err)
	}
	h.Width, h.Height = size.Width, size.Height
	switch {
	case h.Width < 1 || h.Height < 1:
		return h, ErrUnreadable
	case h.Width > l.Pixels/h.Height:
		return h, fmt.Errorf("%w: %d by %d", ErrTooLarge, h.Width, h.Height)
	case h.Kind == JPEG && scansOf(body) > maxScans:
		return h, fmt.Errorf("%w: too many scans", ErrUnreadable)
	}
	return h, nil
}

// maxScans bounds the passes of a progressive JPEG, each of which goes through all of its pixels and may take a few
// bytes only. Cameras and programs make about ten.
const maxScans = 64

// Read decodes a file and gives it upright, on white where it was transparent, its longer side at most l.Side. It
// returns ErrKind, ErrUnreadable, and ErrTooLarge.
func Read(body []byte, l Limits) (*image.RGBA, error) {
	whole, turn, err := decode(body, l)
	if err != nil {
		return nil, err
	}
	return upright(Shrink(whole, l.Side), turn), nil
}

// ReadWhole is Read, but for a picture that needs neither turning nor shrinking nor a ground: that one it gives as its
// decoder left it, a fraction of the size.
func ReadWhole(body []byte, l Limits) (image.Image, error) {
	whole, turn, err := decode(body, l)
	if err != nil {
		return nil, err
	}
	if plain, ok := whole.(*image.YCbCr); ok && turn == 1 && max(plain.Rect.Dx(), plain.Rect.Dy()) <= l.Side {
		return plain, nil
	}
	return upright(Shrink(whole, l.Side), turn), nil
}

// decode gives the picture as it is stored, and how it is to be turned.
func decode(body []byte, l Limits) (img image.Image, turn int, err error) {
	h, err := Look(body, l)
	if err != nil {
		return nil, 0, err
	}
	// Decoders are given what strangers made. One that breaks down on it has not read it.
	defer func() {
		if thrown := recover(); thrown != nil {
			img, err = nil, fmt.Errorf("%w: its decoder broke down: %v", ErrUnreadable, thrown)
		}
	}()
	whole, err := codecs[h.Kind].decode(body)
	if err != nil {
		return nil, 0, fmt.Errorf("%w: %w", ErrUnreadable, err)
	}
	return whole, orientation(h.Kind, body), nil
}

// Encode makes the JPEG that is kept.
func Encode(img image.Image, quality int) ([]byte, error) {
	var out bytes.Buffer
	if err := jpeg.Encode(&out, img, &jpeg.Options{Quality: quality}); err != nil {
		return nil, fmt.Errorf("write a picture: %w", err)
	}
	return out.Bytes(), nil
}
