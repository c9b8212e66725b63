package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"image/jpeg"
	_ "image/png" // a kind of file that is read
	"io"
	"os"
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

// makePicture looks at the size before it decodes: a few bytes can claim to be millions of pixels.
func makePicture(body []byte) (picture, error) {
	size, kind, err := image.DecodeConfig(bytes.NewReader(body))
	if err != nil || kind != "jpeg" && kind != "png" { // a library may have taught this program more kinds
		return picture{}, errors.New("not a JPEG or PNG picture")
	}
	if size.Width*size.Height > picturePixels {
		return picture{}, fmt.Errorf("%d by %d pixels are too many; make the picture smaller", size.Width, size.Height)
	}
	img, _, err := image.Decode(bytes.NewReader(body))
	if err != nil {
		return picture{}, fmt.Errorf("the %s picture is damaged: %w", kind, err)
	}
	var out bytes.Buffer
	small := upright(shrink(flatten(img)), orientation(body))
	if err := jpeg.Encode(&out, small, &jpeg.Options{Quality: pictureQuality}); err != nil {
		return picture{}, fmt.Errorf("write the picture: %w", err)
	}
	sum := sha256.Sum256(out.Bytes())
	return picture{hex.EncodeToString(sum[:]) + ".jpg", out.Bytes()}, nil
}

// flatten puts a picture on white: a JPEG has no transparency.
func flatten(img image.Image) *image.RGBA {
	flat := image.NewRGBA(image.Rect(0, 0, img.Bounds().Dx(), img.Bounds().Dy()))
	draw.Draw(flat, flat.Bounds(), image.White, image.Point{}, draw.Src)
	draw.Draw(flat, flat.Bounds(), img, img.Bounds().Min, draw.Over)
	return flat
}

// shrink makes the longer side at most pictureSide: each pixel is the mean of those that it stands for.
func shrink(img *image.RGBA) *image.RGBA {
	w, h := img.Bounds().Dx(), img.Bounds().Dy()
	longer := max(w, h)
	if longer <= pictureSide {
		return img
	}
	small := image.NewRGBA(image.Rect(0, 0, max(1, w*pictureSide/longer), max(1, h*pictureSide/longer)))
	across, down := small.Bounds().Dx(), small.Bounds().Dy()
	for y := range down {
		for x := range across {
			small.SetRGBA(x, y, mean(img, image.Rect(x*w/across, y*h/down, (x+1)*w/across, (y+1)*h/down)))
		}
	}
	return small
}

func mean(img *image.RGBA, of image.Rectangle) color.RGBA {
	var r, g, b, n int
	for y := of.Min.Y; y < of.Max.Y; y++ {
		for x := of.Min.X; x < of.Max.X; x++ {
			c := img.RGBAAt(x, y)
			r, g, b, n = r+int(c.R), g+int(c.G), b+int(c.B), n+1
		}
	}
	return color.RGBA{uint8(r / n), uint8(g / n), uint8(b / n), 255}
}

// upright turns a picture as its Exif orientation says, 1 to 8 (Exif 2.3, 4.6.4.A): where the first row and the first
// column of what is stored belong.
func upright(img *image.RGBA, orientation int) *image.RGBA {
	w, h := img.Bounds().Dx(), img.Bounds().Dy()
	turned := image.NewRGBA(image.Rect(0, 0, w, h))
	if orientation >= 5 {
		turned = image.NewRGBA(image.Rect(0, 0, h, w))
	}
	for y := range h {
		for x := range w {
			at := [...]image.Point{{x, y}, {w - 1 - x, y}, {w - 1 - x, h - 1 - y}, {x, h - 1 - y},
				{y, x}, {h - 1 - y, x}, {h - 1 - y, w - 1 - x}, {y, w - 1 - x}}[orientation-1]
			turned.SetRGBA(at.X, at.Y, img.RGBAAt(x, y))
		}
	}
	return turned
}
