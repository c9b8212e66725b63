package screening

import (
	"bytes"
	"context"
	"errors"
	"image"
	"image/color"
	"image/png"
	"slices"
	"sync"
	"testing"

	"vetroom/clinic"
	"vetroom/screening/photo"
)

func TestIntakeJudges(t *testing.T) {
	spotted := func(w, h int) drawing { return skin(w, h).specks(400).disc(w/2, h/2, h/8, 215, 95, 85) }
	smooth := func(w, h int) drawing {
		d := skin(w, h)
		d.each(func(int, int) color.RGBA { return color.RGBA{205, 170, 150, 255} })
		return d.blob(w/2, h/2, func(float64) float64 { return float64(h) / 9 }, func(_, _ float64) color.RGBA { return color.RGBA{215, 95, 85, 255} })
	}
	for name, test := range map[string]struct {
		body  []byte
		sharp bool
		lit   bool
		notes []clinic.QualityNote
	}{
		"good":              {spotted(1000, 750).jpeg(t), true, true, nil},
		"large":             {spotted(1800, 1200).jpeg(t), true, true, nil},
		"smooth":            {smooth(1000, 750).jpeg(t), true, true, nil},
		"smooth, unsharp":   {smooth(1000, 750).blurred(5).jpeg(t), false, true, []clinic.QualityNote{clinic.PhotoBlurred}},
		"out of focus":      {spotted(1000, 750).blurred(7).jpeg(t), false, true, []clinic.QualityNote{clinic.PhotoBlurred}},
		"dark":              {spotted(800, 600).lit(0.3).jpeg(t), true, false, []clinic.QualityNote{clinic.PhotoDark}},
		"burnt out":         {spotted(800, 600).lit(1.8).jpeg(t), true, false, []clinic.QualityNote{clinic.PhotoBright}},
		"small":             {spotted(300, 280).jpeg(t), true, true, []clinic.QualityNote{clinic.PhotoTooSmall}},
		"nothing but white": {png16(t, image.White), false, false, []clinic.QualityNote{clinic.PhotoTooSmall, clinic.PhotoBlurred, clinic.PhotoBright}},
		"one black pixel":   {png16(t, image.NewGray(image.Rect(0, 0, 1, 1))), false, false, []clinic.QualityNote{clinic.PhotoTooSmall, clinic.PhotoBlurred, clinic.PhotoDark}},
	} {
		got, err := NewIntake().Take(t.Context(), test.body)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if q := got.Quality; q.Sharp != test.sharp || q.Lit != test.lit || !slices.Equal(q.Notes, test.notes) || q.Notes == nil {
			t.Errorf("%s: judged %+v", name, q)
		}
		img, err := photo.Read(got.JPEG, accepted)
		if err != nil || photo.KindOf(got.JPEG) != photo.JPEG || max(img.Bounds().Dx(), img.Bounds().Dy()) > keptSide {
			t.Errorf("%s: kept as %v, %v", name, img, err)
		}
	}
}

// png16 is a picture of at most 16 by 16 pixels.
func png16(t *testing.T, img image.Image) []byte {
	t.Helper()
	small := image.NewRGBA(img.Bounds().Intersect(image.Rect(0, 0, 16, 16)))
	for y := range small.Bounds().Dy() {
		for x := range small.Bounds().Dx() {
			small.Set(x, y, img.At(x, y))
		}
	}
	var b bytes.Buffer
	if err := png.Encode(&b, small); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestIntakeRefuses(t *testing.T) {
	whole := skin(64, 64).jpeg(t)
	var bomb bytes.Buffer
	if err := png.Encode(&bomb, image.NewGray(image.Rect(0, 0, 10_000, 6_000))); err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		body []byte
		want *clinic.Error
	}{
		"text":           {[]byte("hello, this is no photo"), clinic.ErrPhotoKind},
		"nothing":        {nil, clinic.ErrPhotoKind},
		"heic":           {[]byte("\x00\x00\x00\x18ftypheic\x00\x00\x00\x00mif1heic"), clinic.ErrPhotoHEIF},
		"half a photo":   {whole[:len(whole)/2], clinic.ErrPhotoUnreadable},
		"a bomb":         {bomb.Bytes(), clinic.ErrPhotoUnreadable},
		"twelve and one": {append(bytes.Clone(whole), make([]byte, MaxBytes)...), clinic.ErrPhotoLarge},
	} {
		_, err := NewIntake().Take(t.Context(), test.body)
		var refused *clinic.Error
		if !errors.As(err, &refused) || refused.Code != test.want.Code || refused.Detail != test.want.Detail {
			t.Errorf("%s: %v, want %v", name, err, test.want)
		}
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	in := NewIntake()
	if err := in.room.Acquire(t.Context(), maxPixels); err != nil {
		t.Fatal(err)
	}
	if _, err := in.Take(ended, whole); !errors.Is(err, context.Canceled) {
		t.Errorf("while others decode: %v", err)
	}
}

func TestIntakeManyAtOnce(t *testing.T) {
	in, body := NewIntake(), skin(400, 400).jpeg(t)
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			if _, err := in.Take(t.Context(), body); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if !in.room.TryAcquire(maxPixels) {
		t.Error("some of the room was not given back")
	}
}

// large is a photo of a phone, with metadata.
func large(t testing.TB, w, h int, tiff string) []byte {
	t.Helper()
	small := skin(64, 64).disc(20, 20, 9, 215, 95, 85)
	d := drawing{image.NewRGBA(image.Rect(0, 0, w, h)), small.dice}
	d.each(func(x, y int) color.RGBA { return small.RGBAAt(x%64, y%64) })
	body := d.jpeg(t)
	segment := "Exif\x00\x00" + tiff
	head := []byte{0xFF, 0xD8, 0xFF, 0xE1, byte((len(segment) + 2) >> 8), byte(len(segment) + 2)}
	return append(append(head, segment...), body[2:]...)
}

// turnedRight says in an Exif block that the picture is to be turned by a quarter.
const turnedRight = "MM\x00\x2a\x00\x00\x00\x08\x00\x01\x01\x12\x00\x03\x00\x00\x00\x01\x00\x06\x00\x00\x00\x00\x00\x00" + "at home"

const notTurned = "MM\x00\x2a\x00\x00\x00\x08\x00\x00\x00\x00\x00\x00" + "at home"

func TestTakeWholeKeepsEveryPixel(t *testing.T) {
	for name, test := range map[string]struct {
		body []byte
		w, h int
	}{
		"12 million pixels":         {large(t, 4032, 3024, notTurned), 4032, 3024},
		"12 million, turned":        {large(t, 4032, 3024, turnedRight), 3024, 4032},
		"wider than is kept":        {large(t, 4608, 1152, notTurned), wholeSide, 1024},
		"small":                     {skin(300, 200).jpeg(t), 300, 200},
		"a drawing without colours": {png16(t, image.NewGray(image.Rect(0, 0, 16, 9))), 16, 9},
	} {
		in := NewIntake()
		got, err := in.TakeWhole(t.Context(), test.body)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		img, err := photo.Read(got.JPEG, whole)
		if err != nil || img.Bounds().Dx() != test.w || img.Bounds().Dy() != test.h || got.Width != test.w || got.Height != test.h {
			t.Errorf("%s: kept as %d by %d of %v, %v", name, got.Width, got.Height, img.Bounds(), err)
		}
		small, err := photo.Read(got.Small, whole)
		if err != nil || max(small.Bounds().Dx(), small.Bounds().Dy()) != min(smallSide, max(test.w, test.h)) {
			t.Errorf("%s: the small one is %v, %v", name, small.Bounds(), err)
		}
		for _, kept := range [][]byte{got.JPEG, got.Small} {
			if bytes.Contains(kept, []byte("Exif")) || bytes.Contains(kept, []byte("at home")) {
				t.Errorf("%s: the metadata is still there", name)
			}
		}
		if !in.room.TryAcquire(maxPixels) {
			t.Errorf("%s: some of the room was not given back", name)
		}
	}
}

func TestTakeWholeKeepsWithinItsBound(t *testing.T) {
	d := drawing{image.NewRGBA(image.Rect(0, 0, 256, 256)), skin(1, 1).dice}
	d.each(func(int, int) color.RGBA {
		n := d.dice.Uint32()
		return color.RGBA{byte(n), byte(n >> 8), byte(n >> 16), 255}
	})
	free, err := encodeWithin(d, 1<<20)
	if err != nil {
		t.Fatal(err)
	}
	bound, err := encodeWithin(d, len(free)-1)
	if err != nil || len(bound) >= len(free) {
		t.Errorf("%d bytes where %d were too many, %v", len(bound), len(free), err)
	}
}

func TestTakeWholeRefuses(t *testing.T) {
	body := skin(64, 64).jpeg(t)
	for name, test := range map[string]struct {
		body []byte
		want *clinic.Error
	}{
		"text": {[]byte("hello"), clinic.ErrPhotoKind}, "half a photo": {body[:len(body)/2], clinic.ErrPhotoUnreadable},
		"twelve and one": {append(body, make([]byte, MaxBytes)...), clinic.ErrPhotoLarge},
	} {
		if _, err := NewIntake().TakeWhole(t.Context(), test.body); !errors.Is(err, test.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	in := NewIntake()
	if err := in.room.Acquire(t.Context(), maxPixels); err != nil {
		t.Fatal(err)
	}
	if _, err := in.TakeWhole(ended, body); !errors.Is(err, context.Canceled) {
		t.Errorf("while others decode: %v", err)
	}
}

func BenchmarkTakeWhole(b *testing.B) {
	for name, tiff := range map[string]string{"upright": notTurned, "turned": turnedRight} {
		in, body := NewIntake(), large(b, 4032, 3024, tiff)
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := in.TakeWhole(b.Context(), body); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
