package screening

import (
	"bytes"
	"image"
	"image/color"
	"image/jpeg"
	"math"
	"math/rand/v2"
	"testing"
)

// Photos that the tests draw: skin with a little texture, and what may be on it.

type colour = color.RGBA

type drawing struct {
	*image.RGBA
	dice *rand.Rand
}

// skin draws skin of some brightness, with texture.
func skin(w, h int) drawing {
	d := drawing{image.NewRGBA(image.Rect(0, 0, w, h)), rand.New(rand.NewPCG(1, 2))}
	d.each(func(x, y int) color.RGBA { return d.grain(205, 170, 150) })
	return d
}

// grain is a colour with a little noise.
func (d drawing) grain(r, g, b int) color.RGBA {
	n := d.dice.IntN(13) - 6
	return color.RGBA{step(r + n), step(g + n), step(b + n), 255}
}

func step(v int) uint8 { return uint8(min(255, max(0, v))) }

func (d drawing) each(at func(x, y int) color.RGBA) {
	for y := range d.Bounds().Dy() {
		for x := range d.Bounds().Dx() {
			d.SetRGBA(x, y, at(x, y))
		}
	}
}

// disc draws a disc of a colour.
func (d drawing) disc(cx, cy, radius, r, g, b int) drawing {
	return d.blob(cx, cy, func(float64) float64 { return float64(radius) }, func(_, _ float64) color.RGBA { return d.grain(r, g, b) })
}

// blob draws what an edge by angle surrounds; paint is given the place within, from -1 to 1 both ways.
func (d drawing) blob(cx, cy int, edge func(angle float64) float64, paint func(u, v float64) color.RGBA) drawing {
	reach := 0
	for angle := -math.Pi; angle < math.Pi; angle += 0.05 {
		reach = max(reach, int(edge(angle))+3)
	}
	near := image.Rect(cx-reach, cy-reach, cx+reach, cy+reach).Intersect(d.Bounds())
	for y := near.Min.Y; y < near.Max.Y; y++ {
		for x := near.Min.X; x < near.Max.X; x++ {
			dx, dy := float64(x-cx), float64(y-cy)
			if most := edge(math.Atan2(dy, dx)); math.Hypot(dx, dy) <= most {
				d.SetRGBA(x, y, paint(dx/most, dy/most))
			}
		}
	}
	return d
}

// torn is the edge of an erosion.
func torn(radius float64) func(float64) float64 {
	return func(angle float64) float64 { return radius * (1 + 0.45*math.Sin(7*angle) + 0.25*math.Sin(13*angle)) }
}

// bump draws a round swelling of the skin's own colour, lit from the upper left.
func (d drawing) bump(cx, cy, radius int) drawing {
	return d.blob(cx, cy, func(float64) float64 { return float64(radius) }, func(u, v float64) color.RGBA {
		light := 1 - 0.45*(u+v)
		return d.grain(int(190*light), int(158*light), int(140*light))
	})
}

// specks draws scales.
func (d drawing) specks(n int) drawing {
	for range n {
		d.disc(d.dice.IntN(d.Bounds().Dx()), d.dice.IntN(d.Bounds().Dy()), 2, 240, 238, 232)
	}
	return d
}

// blurred is the drawing out of focus.
func (d drawing) blurred(radius int) drawing {
	out := drawing{image.NewRGBA(d.Bounds()), d.dice}
	w, h := d.Bounds().Dx(), d.Bounds().Dy()
	out.each(func(x, y int) color.RGBA {
		var r, g, b, n int
		for j := max(0, y-radius); j <= min(h-1, y+radius); j++ {
			for i := max(0, x-radius); i <= min(w-1, x+radius); i++ {
				c := d.RGBAAt(i, j)
				r, g, b, n = r+int(c.R), g+int(c.G), b+int(c.B), n+1
			}
		}
		return color.RGBA{uint8(r / n), uint8(g / n), uint8(b / n), 255}
	})
	return out
}

// lit multiplies the brightness.
func (d drawing) lit(by float64) drawing {
	d.each(func(x, y int) color.RGBA {
		c := d.RGBAAt(x, y)
		return color.RGBA{step(int(float64(c.R) * by)), step(int(float64(c.G) * by)), step(int(float64(c.B) * by)), 255}
	})
	return d
}

func (d drawing) jpeg(t testing.TB) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := jpeg.Encode(&b, d, &jpeg.Options{Quality: 92}); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}
