package localdata

import (
	"bytes"
	"fmt"
	"math"
	"os/exec"
	"testing"

	"vetroom/clinic"
)

// TestToWGS84 holds places in all corners of the country; their metres are those that PROJ 9.1 gives.
func TestToWGS84(t *testing.T) {
	for _, test := range []struct {
		name string
		x, y float64
		want clinic.Place
	}{
		{"Seoul City Hall", 197_986.7455, 451_579.8510, clinic.Place{Lat: 37.5665, Lon: 126.9780}},
		{"Jeju City Hall", 156_361.1017, 450.9819, clinic.Place{Lat: 33.4996, Lon: 126.5312}},
		{"Dokdo", 631_910.3559, 426_608.7400, clinic.Place{Lat: 37.2414, Lon: 131.8669}},
	} {
		got := toWGS84(test.x, test.y)
		if apart := got.KmTo(test.want) * 1000; !(apart < 0.01) {
			t.Errorf("%s is %v, %.3f m from %v", test.name, got, apart, test.want)
		}
	}
}

// TestToWGS84AgainstPROJ compares a grid over the whole of South Korea and its seas with Debian's cs2cs, which reads
// the coordinates of EPSG:5174 north first.
func TestToWGS84AgainstPROJ(t *testing.T) {
	var grid [][2]float64
	var in, out, errs bytes.Buffer
	for x := -100_000.0; x <= 600_000; x += 12_345.678 {
		for y := -50_000.0; y <= 650_000; y += 12_345.678 {
			grid = append(grid, [2]float64{x, y})
			fmt.Fprintf(&in, "%.3f %.3f\n", y, x)
		}
	}
	cmd := exec.Command("cs2cs", "-f", "%.10f", "EPSG:5174", "EPSG:4326")
	cmd.Stdin, cmd.Stdout, cmd.Stderr = &in, &out, &errs
	if err := cmd.Run(); err != nil {
		t.Fatalf("cs2cs (Debian's proj-bin): %v %s", err, &errs)
	}
	worst := 0.0
	for _, at := range grid {
		var want clinic.Place
		var height float64
		if _, err := fmt.Fscan(&out, &want.Lat, &want.Lon, &height); err != nil {
			t.Fatalf("cs2cs ended before %v: %v", at, err)
		}
		x, y := math.Round(at[0]*1000)/1000, math.Round(at[1]*1000)/1000
		got := toWGS84(x, y)
		worst = max(worst, math.Hypot((got.Lat-want.Lat)*111_000, (got.Lon-want.Lon)*111_000*math.Cos(radians(want.Lat))))
	}
	if t.Logf("%d points, at most %.2g m apart", len(grid), worst); !(worst < 0.001) {
		t.Errorf("a point is %g m from where PROJ puts it", worst)
	}
}
