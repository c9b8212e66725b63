package photo

import (
	"bytes"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"os"
	"testing"
)

var all = Limits{Kinds: []Kind{JPEG, PNG, WebP}, Pixels: 1_000_000, Side: 512}

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

func isRed(img image.Image, x, y int) bool {
	r, _, b, _ := img.At(x, y).RGBA()
	return r > b
}

func asPNG(t testing.TB, img image.Image) []byte {
	t.Helper()
	var out bytes.Buffer
	if err := png.Encode(&out, img); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func asJPEG(t testing.TB, img image.Image) []byte {
	t.Helper()
	body, err := Encode(img, 90)
	if err != nil {
		t.Fatal(err)
	}
	return body
}

// turned is a TIFF structure that says an orientation.
func turned(orientation uint16) []byte {
	order := binary.BigEndian
	tiff := order.AppendUint32(order.AppendUint16([]byte("MM"), 42), 8)
	tiff = order.AppendUint16(tiff, 1)
	tiff = order.AppendUint32(order.AppendUint16(order.AppendUint16(tiff, 0x0112), 3), 1)
	return append(order.AppendUint16(tiff, orientation), 0, 0, 0, 0, 0, 0)
}

func withExifInJPEG(body, tiff []byte) []byte {
	segment := append([]byte(exifMark), tiff...)
	out := append([]byte{0xFF, 0xD8, 0xFF, 0xE1}, binary.BigEndian.AppendUint16(nil, uint16(len(segment)+2))...)
	return append(append(out, segment...), body[2:]...)
}

// withExifInPNG puts an eXIf chunk after the header.
func withExifInPNG(body, tiff []byte) []byte {
	const header = 8 + 8 + 13 + 4
	named := append([]byte("eXIf"), tiff...)
	out := binary.BigEndian.AppendUint32(append([]byte{}, body[:header]...), uint32(len(tiff)))
	out = binary.BigEndian.AppendUint32(append(out, named...), crc32.ChecksumIEEE(named))
	return append(out, body[header:]...)
}

// withExifInWebP makes of a plain file one in the extended form (RFC 9649, 2.7), with an EXIF chunk behind.
func withExifInWebP(body, tiff []byte, w, h int) []byte {
	const exifFlag = 1 << 3
	canvas := []byte{exifFlag, 0, 0, 0, byte(w - 1), byte((w - 1) >> 8), 0, byte(h - 1), byte((h - 1) >> 8), 0}
	out := append([]byte("WEBPVP8X\x0a\x00\x00\x00"), canvas...)
	out = append(out, body[12:]...)
	out = binary.LittleEndian.AppendUint32(append(out, "EXIF"...), uint32(len(tiff)))
	out = append(out, tiff...)
	return append(binary.LittleEndian.AppendUint32([]byte("RIFF"), uint32(len(out))), out...)
}

// webp reads one of the two files of testdata, which the library has no encoder for: corner(64, 32), lossless and lossy.
func webpFile(t testing.TB, name string) []byte {
	t.Helper()
	body, err := os.ReadFile("testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	return body
}

func TestEveryKindIsReadUpright(t *testing.T) {
	for name, body := range map[string][]byte{
		"jpeg":          withExifInJPEG(asJPEG(t, corner(64, 32)), turned(6)),
		"png":           withExifInPNG(asPNG(t, corner(64, 32)), turned(6)),
		"lossless webp": withExifInWebP(webpFile(t, "lossless.webp"), turned(6), 64, 32),
		"lossy webp":    withExifInWebP(webpFile(t, "lossy.webp"), turned(6), 64, 32),
	} {
		img, err := Read(body, all)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if img.Bounds().Dx() != 32 || img.Bounds().Dy() != 64 || !isRed(img, 28, 3) || isRed(img, 3, 3) || isRed(img, 28, 60) {
			t.Errorf("%s: %v, red at the top right %v", name, img.Bounds(), isRed(img, 28, 3))
		}
	}
}

func TestKinds(t *testing.T) {
	for head, want := range map[string]Kind{
		"\xff\xd8\xff\xe0 and so on": JPEG, "\x89PNG\r\n\x1a\n": PNG, "RIFF\x00\x00\x00\x00WEBP": WebP,
		"\x00\x00\x00\x18ftypheic": HEIF, "\x00\x00\x00\x18ftypmif1": HEIF, "\x00\x00\x00\x18ftypavif": HEIF,
		"\x00\x00\x00\x18ftypmp42": Unknown, "GIF89a": Unknown, "": Unknown, "RIFF\x00\x00\x00\x00WAVE": Unknown, "\x89PNG": Unknown,
	} {
		if got := KindOf([]byte(head)); got != want {
			t.Errorf("%q is taken for %q, want %q", head, got, want)
		}
	}
}

func TestRefused(t *testing.T) {
	whole := asJPEG(t, corner(64, 32))
	nothing := asPNG(t, corner(1, 1))
	copy(nothing[16:], []byte{0, 0, 0, 0}) // its width
	for name, test := range map[string]struct {
		body []byte
		want error
	}{
		"text":                 {[]byte("hello"), ErrKind},
		"a kind not asked for": {[]byte("\x00\x00\x00\x18ftypheic"), ErrKind},
		"half a file":          {whole[:len(whole)/2], ErrUnreadable},
		"a header alone":       {whole[:3], ErrUnreadable},
		"without width":        {nothing, ErrUnreadable},
		"a bomb":               {asPNG(t, image.NewGray(image.Rect(0, 0, 8000, 4000))), ErrTooLarge},
		"endless scans":        {withScans(whole, maxScans+1), ErrUnreadable},
		"an empty webp":        {[]byte("RIFF\x04\x00\x00\x00WEBP"), ErrUnreadable},
		"a canvas too small":   {withExifInWebP(webpFile(t, "lossless.webp"), turned(1), 2, 2), ErrUnreadable},
	} {
		if _, err := Read(test.body, all); !errors.Is(err, test.want) {
			t.Errorf("%s: %v, want %v", name, err, test.want)
		}
	}
}

// withScans repeats the one scan of a file.
func withScans(body []byte, n int) []byte {
	at, end := bytes.LastIndex(body, []byte{0xFF, 0xDA}), len(body)-2
	return append(append(bytes.Clone(body[:at]), bytes.Repeat(body[at:end], n)...), body[end:]...)
}

// TestScansAreThoseOfThePicture: a phone's motion photo has a film behind the picture, a thumbnail a scan of its own.
func TestScansAreThoseOfThePicture(t *testing.T) {
	whole := asJPEG(t, corner(64, 32))
	film := bytes.Repeat([]byte{0xFF, 0xDA, 0x00}, 1000)
	fill := append(bytes.Clone(whole[:len(whole)-2]), 0xFF, 0xFF, 0x00, 0xFF, 0xD3, 0xFF, 0xFF, 0xD9)
	for name, test := range map[string]struct {
		body []byte
		want int
	}{
		"one": {whole, 1}, "many": {withScans(whole, maxScans), maxScans}, "too many": {withScans(whole, maxScans+1), maxScans + 1},
		"with a film": {append(bytes.Clone(whole), film...), 1}, "with a thumbnail": {withExifInJPEG(whole, whole), 1},
		"with fill bytes": {append(fill, film...), 1}, "cut off": {whole[:len(whole)-3], 1}, "cut in a marker": {append(whole[:len(whole)-1:len(whole)-1], 0xDA), 2},
		"nothing": {[]byte{0xFF, 0xD8}, 0}, "a length that is none": {[]byte{0xFF, 0xD8, 0xFF, 0xE1, 0, 1, 0xFF, 0xDA, 0, 2}, 0},
	} {
		if got := scansOf(test.body); got != test.want {
			t.Errorf("%s: %d scans, want %d", name, got, test.want)
		}
	}
	if _, err := Read(append(bytes.Clone(whole), film...), all); err != nil {
		t.Errorf("a motion photo: %v", err)
	}
	if _, err := Look(withScans(whole, maxScans+1), all); !errors.Is(err, ErrUnreadable) {
		t.Errorf("too many scans: %v", err)
	}
}

// TestMeanOfWhatIsDropped looks whether a shrunken checkerboard is grey, as seen from afar, on white where it is clear.
func TestMeanOfWhatIsDropped(t *testing.T) {
	board := image.NewNRGBA(image.Rect(10, 10, 1034, 522)) // half of its pixels black, half transparent
	for y := 10; y < 522; y++ {
		for x := 10 + y%2; x < 1034; x += 2 {
			board.SetNRGBA(x, y, color.NRGBA{A: 255})
		}
	}
	small := Shrink(board, 256)
	if small.Bounds() != image.Rect(0, 0, 256, 128) {
		t.Fatalf("shrunk to %v", small.Bounds())
	}
	for _, at := range []image.Point{{0, 0}, {128, 64}, {255, 127}} {
		if c := small.RGBAAt(at.X, at.Y); c != (color.RGBA{127, 127, 127, 255}) {
			t.Errorf("at %v: %v", at, c)
		}
	}
}

func TestNothingOfTheFileIsKept(t *testing.T) {
	body := withExifInJPEG(asJPEG(t, corner(64, 32)), append(turned(1), "at home"...))
	img, err := Read(body, all)
	if err != nil {
		t.Fatal(err)
	}
	kept := asJPEG(t, img)
	if bytes.Contains(kept, []byte("Exif")) || bytes.Contains(kept, []byte("home")) {
		t.Error("the metadata is still there")
	}
	if KindOf(kept) != JPEG {
		t.Error("what is kept is no JPEG")
	}
}

// FuzzRead holds that no file, however broken, does more than be refused.
func FuzzRead(f *testing.F) {
	var plain bytes.Buffer
	if err := jpeg.Encode(&plain, image.NewRGBA(image.Rect(0, 0, 2, 2)), nil); err != nil {
		f.Fatal(err)
	}
	f.Add(plain.Bytes())
	f.Add(withExifInJPEG(plain.Bytes(), turned(6)))
	f.Add(withExifInPNG(asPNG(f, corner(2, 2)), turned(8)))
	f.Add(withExifInWebP(webpFile(f, "lossy.webp"), turned(5), 64, 32))
	f.Add(webpFile(f, "lossless.webp"))
	f.Fuzz(func(t *testing.T, body []byte) {
		for _, kind := range []Kind{JPEG, PNG, WebP} {
			if got := orientation(kind, body); got < 1 || got > 8 {
				t.Errorf("orientation %d", got)
			}
		}
		img, err := Read(body, Limits{Kinds: all.Kinds, Pixels: 100_000, Side: 64})
		if err == nil && (img.Bounds().Empty() || max(img.Bounds().Dx(), img.Bounds().Dy()) > 64) {
			t.Errorf("read as %v", img.Bounds())
		}
	})
}
