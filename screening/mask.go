package screening

import "math"

// mask says of each pixel whether something holds of it.
type mask struct {
	w, h int
	on   []bool
}

func (m mask) share() float64 {
	n := 0
	for _, on := range m.on {
		if on {
			n++
		}
	}
	return float64(n) / float64(len(m.on))
}

func (m mask) or(o mask) mask {
	both := mask{m.w, m.h, make([]bool, len(m.on))}
	for i := range both.on {
		both.on[i] = m.on[i] || o.on[i]
	}
	return both
}

// closed fills gaps of up to 2r pixels: whatever a square of that radius cannot get into without touching the mask.
func (m mask) closed(r int) mask {
	g := grey{m.w, m.h, make([]float64, len(m.on))}
	for i, on := range m.on {
		if on {
			g.pix[i] = 1
		}
	}
	for i, mean := range boxMean(g, r) {
		g.pix[i] = 0
		if mean > 0 {
			g.pix[i] = 1
		}
	}
	out := mask{m.w, m.h, make([]bool, len(m.on))}
	const whole = 1 - 1e-9
	for i, mean := range boxMean(g, r) {
		out.on[i] = mean > whole
	}
	return out
}

// region is a set of pixels that hang together by their sides.
type region struct {
	of     mask
	pixels []int
	size   int
	edges  int // sides of pixels at which it ends, the photo's own border too
}

// regions parts a mask into what hangs together.
func (m mask) regions() []region {
	var all []region
	seen := make([]bool, len(m.on))
	for i, on := range m.on {
		if on && !seen[i] {
			all = append(all, m.flood(i, seen))
		}
	}
	return all
}

// flood gathers the region of a pixel.
func (m mask) flood(from int, seen []bool) region {
	r := region{of: m, pixels: []int{from}}
	seen[from] = true
	for n := 0; n < len(r.pixels); n++ {
		for _, next := range m.beside(r.pixels[n]) {
			switch {
			case next < 0 || !m.on[next]:
				r.edges++
			case !seen[next]:
				seen[next] = true
				r.pixels = append(r.pixels, next)
			}
		}
	}
	r.size = len(r.pixels)
	return r
}

// beside gives the four pixels beside one, -1 beyond the border.
func (m mask) beside(i int) [4]int {
	left, right, up, down := i-1, i+1, i-m.w, i+m.w
	if i%m.w == 0 {
		left = -1
	}
	if right%m.w == 0 {
		right = -1
	}
	if down >= len(m.on) {
		down = -1
	}
	return [4]int{left, right, max(up, -1), down}
}

// compactness is area by perimeter squared, as that of a disc of pixels: whose perimeter, counted in sides of pixels, is
// 8 radii and not 2π.
func (r region) compactness() float64 {
	disc := math.Pi / 64
	return min(1, float64(r.size)/float64(r.edges*r.edges)/disc)
}

// rimIn gives the share of the pixels right outside the region that another mask has.
func (r region) rimIn(o mask) float64 {
	in, all := 0, 0
	for _, i := range r.pixels {
		for _, next := range r.of.beside(i) {
			if next >= 0 && !r.of.on[next] {
				all++
				if o.on[next] {
					in++
				}
			}
		}
	}
	if all == 0 {
		return 0
	}
	return float64(in) / float64(all)
}
