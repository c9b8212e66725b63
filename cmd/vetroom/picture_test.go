package main

import (
	"bytes"
	"encoding/binary"
	"image"
	"image/color"
	"image/gif"
	"image/jpeg"
	"image/png"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// corner is a picture that is red in its upper left quarter and blue elsewhere, so that one sees how it is turned.
func corner(w, h int) *image.RGBA {
	img := image.NewRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			c := color.RGBA{B: 255, A: 255}
			if x < w/2 && y < h/2 {
				c = color.RGBA{R: 255, A: 255}
			}
			img.SetRGBA(x, y, c)
		}
	}
	return img
}

func encodeJPEG(t *testing.T, img image.Image) []byte {
	t.Helper()
	var out bytes.Buffer
	if err := jpeg.Encode(&out, img, nil); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func encodePNG(t *testing.T, img image.Image) []byte {
	t.Helper()
	var out bytes.Buffer
	if err := png.Encode(&out, img); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// withExif puts an Exif segment with an orientation and a place's name into a JPEG.
func withExif(body []byte, order binary.AppendByteOrder, mark string, orientation uint16) []byte {
	tiff := order.AppendUint32(order.AppendUint16([]byte(mark), 42), 8)
	tiff = order.AppendUint16(tiff, 2)                                                                       // entries
	tiff = append(order.AppendUint32(order.AppendUint16(order.AppendUint16(tiff, 0x010F), 2), 4), "Home"...) // the maker
	tiff = order.AppendUint32(order.AppendUint16(order.AppendUint16(tiff, 0x0112), 3), 1)
	tiff = append(order.AppendUint16(tiff, orientation), 0, 0, 0, 0, 0, 0)
	segment := append([]byte("Exif\x00\x00"), tiff...)
	out := append([]byte{0xFF, 0xD8, 0xFF, 0xE1}, binary.BigEndian.AppendUint16(nil, uint16(len(segment)+2))...)
	return append(append(out, segment...), body[2:]...)
}

// writePicture makes a file of a picture.
func writePicture(t *testing.T) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "kim.png")
	if err := os.WriteFile(file, encodePNG(t, corner(64, 64)), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

func decodePicture(t *testing.T, p picture) image.Image {
	t.Helper()
	img, kind, err := image.Decode(bytes.NewReader(p.body))
	if err != nil || kind != "jpeg" {
		t.Fatalf("kept as %q: %v", kind, err)
	}
	return img
}

func isRed(img image.Image, x, y int) bool {
	r, _, b, _ := img.At(x, y).RGBA()
	return r > b
}

func TestPictureIsMadeSmall(t *testing.T) {
	for _, test := range []struct{ w, h, wantW, wantH int }{
		{2000, 1000, 512, 256}, {1000, 2000, 256, 512}, {40, 30, 40, 30}, {3000, 2, 512, 1},
	} {
		p, err := makePicture(encodePNG(t, corner(test.w, test.h)))
		if err != nil {
			t.Fatal(err)
		}
		img := decodePicture(t, p)
		if img.Bounds().Dx() != test.wantW || img.Bounds().Dy() != test.wantH {
			t.Errorf("%dx%d became %v, want %dx%d", test.w, test.h, img.Bounds(), test.wantW, test.wantH)
		}
		if test.h > 2 && (!isRed(img, 1, 1) || isRed(img, test.wantW-2, test.wantH-2)) {
			t.Errorf("%dx%d does not look the same", test.w, test.h)
		}
	}
}

// TestPictureStandsUpright holds where the red corner of a stored picture comes to be by each Exif orientation.
func TestPictureStandsUpright(t *testing.T) {
	body := encodeJPEG(t, corner(64, 32))
	corners := map[uint16]string{1: "top left", 2: "top right", 3: "bottom right", 4: "bottom left",
		5: "top left", 6: "top right", 7: "bottom right", 8: "bottom left", 0: "top left", 9: "top left"}
	for orientation, want := range corners {
		for mark, order := range map[string]binary.AppendByteOrder{"II": binary.LittleEndian, "MM": binary.BigEndian} {
			p, err := makePicture(withExif(body, order, mark, orientation))
			if err != nil {
				t.Fatal(err)
			}
			img := decodePicture(t, p)
			w, h := img.Bounds().Dx(), img.Bounds().Dy()
			if onItsSide := orientation >= 5 && orientation <= 8; onItsSide != (w < h) {
				t.Errorf("orientation %d: %d by %d", orientation, w, h)
			}
			at := map[string]bool{"top left": isRed(img, 3, 3), "top right": isRed(img, w-4, 3),
				"bottom left": isRed(img, 3, h-4), "bottom right": isRed(img, w-4, h-4)}
			for place, red := range at {
				if red != (place == want) {
					t.Errorf("orientation %d (%s): red at the %s is %v", orientation, mark, place, red)
				}
			}
		}
	}
}

func TestPictureLosesItsMetadata(t *testing.T) {
	p, err := makePicture(withExif(encodeJPEG(t, corner(64, 32)), binary.BigEndian, "MM", 6))
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(p.body, []byte("Exif")) || bytes.Contains(p.body, []byte("Home")) {
		t.Error("the metadata is still there")
	}
}

func TestPictureIsNamedForItsContent(t *testing.T) {
	one, err := makePicture(encodePNG(t, corner(64, 32)))
	if err != nil {
		t.Fatal(err)
	}
	same, _ := makePicture(encodePNG(t, corner(64, 32)))
	other, _ := makePicture(encodePNG(t, corner(32, 64)))
	if one.name != same.name || one.name == other.name || !strings.HasSuffix(one.name, ".jpg") || len(one.name) != 68 {
		t.Errorf("named %s, %s and %s", one.name, same.name, other.name)
	}
}

func TestPictureWithoutBackgroundStandsOnWhite(t *testing.T) {
	p, err := makePicture(encodePNG(t, image.NewNRGBA(image.Rect(0, 0, 20, 20))))
	if err != nil {
		t.Fatal(err)
	}
	if r, g, b, _ := decodePicture(t, p).At(10, 10).RGBA(); min(r, g, b) < 0xF000 {
		t.Errorf("the background is %x %x %x", r, g, b)
	}
}

func TestPictureRefused(t *testing.T) {
	whole := encodeJPEG(t, corner(64, 32))
	bomb := encodePNG(t, image.NewGray(image.Rect(0, 0, 8000, 4000))) // small file, many pixels
	var moving bytes.Buffer
	if err := gif.Encode(&moving, corner(8, 8), nil); err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		body []byte
		said string
	}{
		"empty.jpg": {nil, "not a JPEG or PNG"}, "text.jpg": {[]byte("hello"), "not a JPEG or PNG"},
		"moving.gif": {moving.Bytes(), "not a JPEG or PNG"}, "damaged.jpg": {whole[:len(whole)/2], "damaged"},
		"bomb.png": {bomb, "too many"}, "large.png": {make([]byte, pictureBytes+1), "larger than 2 MiB"},
	} {
		file := filepath.Join(t.TempDir(), name)
		if err := os.WriteFile(file, test.body, 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := readPicture(file); err == nil || !strings.Contains(err.Error(), test.said) || !strings.Contains(err.Error(), file) {
			t.Errorf("%s: %v, want it to say %q", name, err, test.said)
		}
	}
	if _, err := readPicture("/nowhere/at/all.png"); err == nil {
		t.Error("a file that is not there was read")
	}
}

func TestVetAddKeepsThePicture(t *testing.T) {
	dir := t.TempDir()
	addKim(t, dir, "--img", writePicture(t))
	d, pictures := deskAndStoreOf(t, dir)
	name, ok := strings.CutPrefix(kim(t, d).Img, "/img/")
	if !ok {
		t.Fatalf("the picture is %q", kim(t, d).Img)
	}
	body, err := pictures.Picture(t.Context(), name)
	if err != nil {
		t.Fatal(err)
	}
	decodePicture(t, picture{name, body})
}
