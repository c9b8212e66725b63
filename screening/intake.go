package screening

import (
	"context"
	"errors"
	"fmt"
	"image"

	"golang.org/x/sync/semaphore"

	"vetroom/clinic"
	"vetroom/screening/photo"
)

// What is taken in, and what is kept of it. MaxBytes bounds a file (contract §2).
const (
	MaxBytes    = 12 << 20
	maxPixels   = 50_000_000 // what the largest common cameras of phones take
	keptSide    = 2048       // pixels of the longer side: a vet can still look closely
	keptQuality = 88
)

var accepted = photo.Limits{Kinds: []photo.Kind{photo.JPEG, photo.PNG, photo.WebP}, Pixels: maxPixels, Side: keptSide}

// Intake takes photos in. It is safe for concurrent use, and decodes no more than maxPixels at a time, whoever sends
// how much: a decoded pixel takes up to eight bytes.
type Intake struct {
	room *semaphore.Weighted
}

// NewIntake makes one.
func NewIntake() *Intake { return &Intake{semaphore.NewWeighted(maxPixels)} }

// Take makes of a file what is kept: a JPEG, upright, without any metadata, and how well it can be judged. It returns
// clinic.ErrPhotoLarge, ErrPhotoKind, ErrPhotoHEIF, ErrPhotoUnreadable, or the context's error.
func (in *Intake) Take(ctx context.Context, body []byte) (clinic.Photo, error) {
	if len(body) > MaxBytes {
		return clinic.Photo{}, clinic.ErrPhotoLarge
	}
	head, err := photo.Look(body, accepted)
	if err != nil {
		return clinic.Photo{}, refusal(head.Kind, err)
	}
	if err := in.room.Acquire(ctx, int64(head.Pixels())); err != nil {
		return clinic.Photo{}, fmt.Errorf("wait to decode a photo: %w", err)
	}
	defer in.room.Release(int64(head.Pixels()))
	img, err := photo.Read(body, accepted)
	if err != nil {
		return clinic.Photo{}, refusal(head.Kind, err)
	}
	jpeg, err := photo.Encode(img, keptQuality)
	if err != nil {
		return clinic.Photo{}, err
	}
	return clinic.Photo{JPEG: jpeg, Quality: judge(img, min(head.Width, head.Height))}, nil
}

// What is kept of a still: all that a phone's usual photo of 12 million pixels has.
const (
	wholeSide    = 4096    // pixels of the longer side
	wholeMost    = 8 << 20 // bytes
	smallSide    = 640     // pixels of the longer side of the small one
	smallQuality = 80
)

// wholeQualities are tried in order until the photo has at most wholeMost bytes. A photo of skin has a third of that at the
// first; of noise, which no camera takes, the last makes the smallest.
var wholeQualities = []int{92, 85, 75, 50, 20}

var whole = photo.Limits{Kinds: accepted.Kinds, Pixels: maxPixels, Side: wholeSide}

// TakeWhole is Take for a still: it keeps the photo's full resolution up to wholeSide, and a small one beside it. Its
// errors are those of Take.
func (in *Intake) TakeWhole(ctx context.Context, body []byte) (clinic.Photo, error) {
	if len(body) > MaxBytes {
		return clinic.Photo{}, clinic.ErrPhotoLarge
	}
	head, err := photo.Look(body, whole)
	if err != nil {
		return clinic.Photo{}, refusal(head.Kind, err)
	}
	// Beside what is decoded there may be the shrunk one and the turned one.
	weight := min(maxPixels, int64(head.Pixels()+2*min(head.Pixels(), wholeSide*wholeSide)))
	if err := in.room.Acquire(ctx, weight); err != nil {
		return clinic.Photo{}, fmt.Errorf("wait to decode a photo: %w", err)
	}
	defer in.room.Release(weight)
	img, err := photo.ReadWhole(body, whole)
	if err != nil {
		return clinic.Photo{}, refusal(head.Kind, err)
	}
	small := photo.Shrink(img, smallSide)
	kept := clinic.Photo{Width: img.Bounds().Dx(), Height: img.Bounds().Dy()}
	if kept.Small, err = photo.Encode(small, smallQuality); err != nil {
		return clinic.Photo{}, err
	}
	kept.JPEG, err = encodeWithin(img, wholeMost)
	return kept, err
}

func encodeWithin(img image.Image, most int) (jpeg []byte, err error) {
	for _, quality := range wholeQualities {
		if jpeg, err = photo.Encode(img, quality); err != nil || len(jpeg) <= most {
			return jpeg, err
		}
	}
	return jpeg, err
}

// refusal is what the sender is told. Why a decoder gave up says nothing to people.
func refusal(kind photo.Kind, err error) error {
	switch {
	case kind == photo.HEIF:
		return clinic.ErrPhotoHEIF
	case errors.Is(err, photo.ErrKind):
		return clinic.ErrPhotoKind
	}
	return clinic.ErrPhotoUnreadable
}

// How a photo is judged. The limits were set on photos that the tests draw; docs/screening.md says what they mean.
const (
	judgedSide  = 1024  // pixels of the longer side at which sharpness is measured
	smallestCut = 320   // pixels of the shorter side as it was sent
	textureFrom = 30.0  // variance of the Laplacian, as if the photo's mean brightness were 128: fur, pores, grain
	edgeFrom    = 0.005 // of the variance of brightness: a single sharp edge on smooth skin has four times that
	contrast    = 25.0  // variance of brightness below which there is no edge to look at
	tiles       = 4     // across and down
	darkBelow   = 70    // brightness that nine tenths of a dark photo stay below
	blownFrom   = 250   // brightness of what is burnt out
	blownShare  = 0.30  // of the pixels that a photo may have burnt out
)

// judge says how well a photo can be judged. shorter is its shorter side as it was sent.
func judge(img *image.RGBA, shorter int) clinic.Quality {
	g := greyOf(photo.Shrink(img, judgedSide))
	dark, blown, sum := 0, 0, 0.0
	for _, v := range g.pix {
		sum += v
		if v < darkBelow {
			dark++
		}
		if v >= blownFrom {
			blown++
		}
	}
	all := float64(len(g.pix))
	exposure := 128 / max(16, sum/all)
	q := clinic.Quality{Sharp: sharp(g, exposure*exposure), Notes: []clinic.QualityNote{}}
	note := func(n clinic.QualityNote, wrong bool) {
		if wrong {
			q.Notes = append(q.Notes, n)
		}
	}
	isDark, isBright := float64(dark) >= 0.9*all, float64(blown) > blownShare*all
	q.Lit = !isDark && !isBright
	note(clinic.PhotoTooSmall, shorter < smallestCut)
	note(clinic.PhotoBlurred, !q.Sharp)
	note(clinic.PhotoDark, isDark)
	note(clinic.PhotoBright, isBright)
	return q
}

// grey is a picture of brightness alone, 0 to 255.
type grey struct {
	w, h int
	pix  []float64
}

// greyOf weighs the colours as ITU-R BT.601 does.
func greyOf(img *image.RGBA) grey {
	g := grey{img.Bounds().Dx(), img.Bounds().Dy(), nil}
	g.pix = make([]float64, 0, g.w*g.h)
	for y := range g.h {
		row := img.Pix[y*img.Stride : y*img.Stride+4*g.w]
		for i := 0; i < len(row); i += 4 {
			g.pix = append(g.pix, 0.299*float64(row[i])+0.587*float64(row[i+1])+0.114*float64(row[i+2]))
		}
	}
	return g
}

// sharp tells whether any tile has texture or a clear edge: what is in focus may be a part of the photo only.
func sharp(g grey, exposure float64) bool {
	for ty := range tiles {
		for tx := range tiles {
			r := image.Rectangle{
				Min: image.Pt(max(1, tx*g.w/tiles), max(1, ty*g.h/tiles)),
				Max: image.Pt(min(g.w-1, (tx+1)*g.w/tiles), min(g.h-1, (ty+1)*g.h/tiles)),
			}
			brightness, laplacian := variances(g, r)
			if laplacian*exposure >= textureFrom || brightness >= contrast && laplacian >= edgeFrom*brightness {
				return true
			}
		}
	}
	return false
}

// variances gives those of the brightness and of its Laplacian within a part.
func variances(g grey, r image.Rectangle) (brightness, laplacian float64) {
	if r.Empty() {
		return 0, 0
	}
	var v, l spread
	for y := r.Min.Y; y < r.Max.Y; y++ {
		for i := y*g.w + r.Min.X; i < y*g.w+r.Max.X; i++ {
			v.add(g.pix[i])
			l.add(g.pix[i-1] + g.pix[i+1] + g.pix[i-g.w] + g.pix[i+g.w] - 4*g.pix[i])
		}
	}
	return v.variance(), l.variance()
}

// spread gathers values for their variance.
type spread struct{ n, sum, squares float64 }

func (s *spread) add(x float64) { s.n, s.sum, s.squares = s.n+1, s.sum+x, s.squares+x*x }

func (s *spread) variance() float64 { return s.squares/s.n - (s.sum/s.n)*(s.sum/s.n) }
