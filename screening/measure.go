package screening

import (
	"image"
	"math"
	"slices"
)

// Measures are what the baseline sees. All of them compare parts of a photo with the photo's own median, so that the
// colour of the light and of the skin count little; where more than half of a photo is changed they say nothing.
type Measures struct {
	// Redness is the share of pixels that are redder than the median, by redderBy.
	Redness float64
	// Darkening is the share of pixels that are darker than darkerThan of the median, and not redder.
	Darkening float64
	// Scaling is the share of pixels in specks: small, colourless, and brighter than their surroundings.
	Scaling float64
	// Pustules is the share of pixels in spots that are brighter than their surroundings and lie in red.
	Pustules float64
	// Outline is of the largest bump, lit at one part and shaded at another, and where there is none of the largest region
	// that is redder or darker.
	Outline Outline
}

// Outline is the shape of a region.
type Outline struct {
	Share       float64 // of all pixels
	Compactness float64 // 1 for a disc, towards 0 for what is torn: area by perimeter squared, as a disc's is
	Relief      float64 // 1 where one part is brighter and another darker than the median, as a bump under a light; else 0
}

// How is measured.
const (
	measuredSide = 256  // pixels of the longer side
	redderBy     = 22.0 // of R − (G+B)/2, in steps of 255
	darkerThan   = 0.70 // of the median brightness
	reliefBy     = 0.12 // of the median brightness, up or down
	reliefPart   = 0.15 // of a region that must be brighter, and that must be darker
	between      = 12   // pixels: how far the lit and the shaded part of a bump may be apart
	around       = 8    // pixels: how far the surroundings of a speck reach
	brighterBy   = 18.0 // brightness above the surroundings, in steps of 255
	colourless   = 50.0 // chroma (largest less smallest of R, G, B) that a speck stays below
	speckShare   = 0.003
	redRim       = 0.6 // share of a spot's rim that is red
)

// Measure measures a photo, of which the longer side should be measuredSide.
func Measure(img *image.RGBA) Measures {
	p := planesOf(img)
	red, dark := p.red(), p.dark()
	m := Measures{Redness: red.share(), Darkening: dark.share()}
	p.addSpots(&m, red)
	m.Outline = p.outlineOf(largest(red.or(dark).regions()))
	bumps := slices.DeleteFunc(p.relief().closed(between).regions(), func(r region) bool { return !p.isBump(r) })
	if bump := largest(bumps); bump.size > 0 {
		m.Outline = p.outlineOf(bump)
		m.Outline.Relief = 1
	}
	return m
}

// largest gives the region of the most pixels, one of none if there is none.
func largest(all []region) region {
	return slices.MaxFunc(append(all, region{}), func(a, b region) int { return a.size - b.size })
}

func (p planes) outlineOf(r region) Outline {
	if r.size == 0 {
		return Outline{}
	}
	return Outline{Share: float64(r.size) / float64(len(p.pix)), Compactness: r.compactness()}
}

// planes are a photo's brightness, redness and chroma, and the medians.
type planes struct {
	grey
	redness, chroma       []float64
	medianGrey, medianRed float64
	surroundings          []float64 // mean brightness around each pixel
}

func planesOf(img *image.RGBA) planes {
	p := planes{grey: greyOf(img)}
	for y := range p.h {
		row := img.Pix[y*img.Stride : y*img.Stride+4*p.w]
		for i := 0; i < len(row); i += 4 {
			r, g, b := float64(row[i]), float64(row[i+1]), float64(row[i+2])
			p.redness = append(p.redness, r-(g+b)/2)
			p.chroma = append(p.chroma, max(r, g, b)-min(r, g, b))
		}
	}
	p.medianGrey, p.medianRed = median(p.pix), median(p.redness)
	p.surroundings = boxMean(p.grey, around)
	return p
}

func median(values []float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	return sorted[len(sorted)/2]
}

// boxMean gives the mean of the square of side 2r+1 around each pixel, by a table of sums.
func boxMean(g grey, r int) []float64 {
	sums := make([]float64, (g.w+1)*(g.h+1))
	at := func(x, y int) float64 { return sums[y*(g.w+1)+x] }
	for y := range g.h {
		row := 0.0
		for x := range g.w {
			row += g.pix[y*g.w+x]
			sums[(y+1)*(g.w+1)+x+1] = at(x+1, y) + row
		}
	}
	means := make([]float64, len(g.pix))
	for y := range g.h {
		top, bottom := max(0, y-r), min(g.h, y+r+1)
		for x := range g.w {
			left, right := max(0, x-r), min(g.w, x+r+1)
			sum := at(right, bottom) - at(left, bottom) - at(right, top) + at(left, top)
			means[y*g.w+x] = sum / float64((right-left)*(bottom-top))
		}
	}
	return means
}

// where gives the pixels that meet a condition.
func (p planes) where(ok func(i int) bool) mask {
	m := mask{p.w, p.h, make([]bool, len(p.pix))}
	for i := range m.on {
		m.on[i] = ok(i)
	}
	return m
}

func (p planes) isRed(i int) bool { return p.redness[i]-p.medianRed > redderBy }

func (p planes) red() mask { return p.where(p.isRed) }

func (p planes) dark() mask {
	return p.where(func(i int) bool { return p.pix[i] < darkerThan*p.medianGrey && !p.isRed(i) })
}

func (p planes) relief() mask {
	return p.where(func(i int) bool { return math.Abs(p.pix[i]-p.medianGrey) > reliefBy*p.medianGrey })
}

// isBump tells whether a region is lit at one part and shaded at another.
func (p planes) isBump(r region) bool {
	lit, shaded := 0, 0
	for _, i := range r.pixels {
		switch {
		case p.pix[i] > (1+reliefBy)*p.medianGrey:
			lit++
		case p.pix[i] < (1-reliefBy)*p.medianGrey && !p.isRed(i):
			shaded++
		}
	}
	least := reliefPart * float64(r.size)
	return float64(lit) >= least && float64(shaded) >= least
}

// addSpots measures what is small and bright: pustules where its rim is red, and specks where it has no colour.
func (p planes) addSpots(m *Measures, red mask) {
	bright := p.where(func(i int) bool { return p.pix[i]-p.surroundings[i] > brighterBy })
	all := float64(len(p.pix))
	for _, spot := range bright.regions() {
		if float64(spot.size) > speckShare*all {
			continue
		}
		chroma := 0.0
		for _, i := range spot.pixels {
			chroma += p.chroma[i]
		}
		switch {
		case spot.rimIn(red) >= redRim:
			m.Pustules += float64(spot.size) / all
		case chroma/float64(spot.size) < colourless:
			m.Scaling += float64(spot.size) / all
		}
	}
}
