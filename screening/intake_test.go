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
