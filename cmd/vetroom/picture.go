package main

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"

	"vetroom/screening/photo"
)

// What a picture's file may be, and what is kept of it.
const (
	pictureBytes   = 2 << 20
	picturePixels  = 25_000_000 // decoded it takes four bytes each
	pictureSide    = 512        // pixels of the longer side that is kept
	pictureQuality = 85
	pictureLimit   = "2 MiB"
)

// picture is one as it is kept: a JPEG without any metadata, upright, under a name that tells its content.
type picture struct {
	name string
	body []byte
}

// path is where the pages find it.
func (p picture) path() string { return "/img/" + p.name }

// readPicture reads a picture's file, and gives it as it is kept.
func readPicture(file string) (picture, error) {
	body, err := readAtMost(file, pictureBytes)
	if err != nil {
		return picture{}, err
	}
	p, err := makePicture(body)
	if err != nil {
		return picture{}, fmt.Errorf("%s: %w", file, err)
	}
	return p, nil
}

func readAtMost(file string, most int64) ([]byte, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	body, err := io.ReadAll(io.LimitReader(f, most+1))
	if err == nil && int64(len(body)) > most {
		err = fmt.Errorf("%s: larger than %s; make the picture smaller", file, pictureLimit)
	}
	return body, err
}

// makePicture makes of a file what is kept.
func makePicture(body []byte) (picture, error) {
	img, err := photo.Read(body, photo.Limits{Kinds: []photo.Kind{photo.JPEG, photo.PNG}, Pixels: picturePixels, Side: pictureSide})
	switch {
	case errors.Is(err, photo.ErrKind):
		return picture{}, errors.New("not a JPEG or PNG picture")
	case errors.Is(err, photo.ErrTooLarge):
		return picture{}, fmt.Errorf("%w; make the picture smaller", err)
	case err != nil:
		return picture{}, err
	}
	out, err := photo.Encode(img, pictureQuality)
	if err != nil {
		return picture{}, err
	}
	sum := sha256.Sum256(out)
	return picture{hex.EncodeToString(sum[:]) + ".jpg", out}, nil
}
