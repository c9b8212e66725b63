package photo

import (
	"image"
	"image/draw"
)

// Shrink puts a picture on white, which a JPEG needs, and makes its longer side at most side: each pixel is the mean of
// those that it stands for. It goes strip by strip, so that no second picture of the whole size is made.
func Shrink(img image.Image, side int) *image.RGBA {
	w, h := img.Bounds().Dx(), img.Bounds().Dy()
	across, down := w, h
	if longer := max(w, h); longer > side {
		across, down = max(1, w*side/longer), max(1, h*side/longer)
	}
	small := image.NewRGBA(image.Rect(0, 0, across, down))
	strip := image.NewRGBA(image.Rect(0, 0, w, (h+down-1)/down))
	for y := range down {
		from, to := y*h/down, (y+1)*h/down
		rows := image.Rect(0, 0, w, to-from)
		draw.Draw(strip, rows, image.White, image.Point{}, draw.Src)
		draw.Draw(strip, rows, img, img.Bounds().Min.Add(image.Pt(0, from)), draw.Over)
		means(small.Pix[y*small.Stride:(y+1)*small.Stride], strip, across, w, to-from)
	}
	return small
}

// means fills one row: each of its across pixels is the mean of its part of the strip's first rows.
func means(row []uint8, strip *image.RGBA, across, w, rows int) {
	for x := range across {
		from, to := x*w/across, (x+1)*w/across
		var r, g, b int
		for y := range rows {
			pix := strip.Pix[y*strip.Stride+4*from : y*strip.Stride+4*to]
			for i := 0; i < len(pix); i += 4 {
				r, g, b = r+int(pix[i]), g+int(pix[i+1]), b+int(pix[i+2])
			}
		}
		n := rows * (to - from)
		row[4*x], row[4*x+1], row[4*x+2], row[4*x+3] = uint8(r/n), uint8(g/n), uint8(b/n), 255
	}
}

// upright turns a picture as its Exif orientation says, 1 to 8 (Exif 2.3, 4.6.4.A): where the first row and the first
// column of what is stored belong.
func upright(img *image.RGBA, orientation int) *image.RGBA {
	if orientation == 1 {
		return img
	}
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
