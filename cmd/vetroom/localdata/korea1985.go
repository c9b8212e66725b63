package localdata

import (
	"math"

	"vetroom/clinic"
)

// The register's coordinates are those of EPSG:5174, Korean 1985 / Modified Central Belt: metres east and north on a
// transverse Mercator projection of Bessel's ellipsoid.
const (
	beltLat, beltLon = 38.0, 127.0 + 10.405/3600 // degrees; the belt was moved east by 10.405 seconds
	beltX, beltY     = 200_000.0, 500_000.0      // metres at that point
)

// ellipsoid is a figure of the earth.
type ellipsoid struct {
	a, f float64 // semi-major axis in metres, flattening
}

var (
	bessel = ellipsoid{6377397.155, 1 / 299.1528128}
	wgs84  = ellipsoid{6378137, 1 / 298.257223563}
)

func (e ellipsoid) e2() float64 { return e.f * (2 - e.f) } // the eccentricity's square
func (e ellipsoid) n() float64  { return e.f / (2 - e.f) } // the third flattening

// toWGS84 gives the place of a point of EPSG:5174: unprojected, turned to WGS 84 as a point in space, and that one's
// latitude and longitude. The shift is EPSG's "Korean 1985 to WGS 84 (1)", the only one that PROJ has for these two: it
// is good to a metre in South Korea.
func toWGS84(x, y float64) clinic.Place {
	lat, lon := unproject(x, y)
	return wgs84.geodetic(shift(bessel.cartesian(lat, lon)))
}

// unproject gives latitude and longitude in radians on Bessel's ellipsoid by Krüger's series to the third power of n,
// which near Korea is exact to a tenth of a millimetre: K. Kawase, "A General Formula for Calculating Meridian Arc
// Length and its Application to Coordinate Conversion in the Gauss-Krüger Projection" (2011).
func unproject(x, y float64) (lat, lon float64) {
	n := bessel.n()
	n2, n3 := n*n, n*n*n
	radius := bessel.a / (1 + n) * (1 + n2/4 + n2*n2/64)
	beta := [3]float64{n/2 - 2*n2/3 + 37*n3/96, n2/48 + n3/15, 17 * n3 / 480}
	delta := [3]float64{2*n - 2*n2/3 - 2*n3, 7*n2/3 - 8*n3/5, 56 * n3 / 15}

	xi, eta := arcTo(radians(beltLat))+(y-beltY)/radius, (x-beltX)/radius
	xi1, eta1 := xi, eta
	for i, b := range beta {
		j := 2 * float64(i+1)
		xi1 -= b * math.Sin(j*xi) * math.Cosh(j*eta)
		eta1 -= b * math.Cos(j*xi) * math.Sinh(j*eta)
	}
	chi := math.Asin(math.Sin(xi1) / math.Cosh(eta1)) // the conformal latitude
	lat = chi
	for i, d := range delta {
		lat += d * math.Sin(2*float64(i+1)*chi)
	}
	return lat, radians(beltLon) + math.Atan2(math.Sinh(eta1), math.Cos(xi1))
}

// arcTo is the arc of the meridian from the equator to a latitude in radians, as a part of Krüger's radius.
func arcTo(lat float64) float64 {
	n, e := bessel.n(), math.Sqrt(bessel.e2())
	chi := math.Atan(math.Sinh(math.Atanh(math.Sin(lat)) - e*math.Atanh(e*math.Sin(lat))))
	n2, n3 := n*n, n*n*n
	arc := chi
	for i, a := range [3]float64{n/2 - 2*n2/3 + 5*n3/16, 13*n2/48 - 3*n3/5, 61 * n3 / 240} {
		arc += a * math.Sin(2*float64(i+1)*chi)
	}
	return arc
}

// point is one in space, metres from the middle of the earth.
type point struct{ x, y, z float64 }

// shift turns a point of Korean 1985 to WGS 84: the Molodensky-Badekas transformation, in which the earth is turned and
// stretched about a pivot. Its angles are so small that they stand for their sines (coordinate frame rotation).
func shift(p point) point {
	const (
		tx, ty, tz = -145.907, 505.034, 685.756          // metres
		px, py, pz = -3159521.31, 4068151.32, 3748113.85 // the pivot, metres
		second     = math.Pi / 180 / 3600                // radians
		rx, ry, rz = -1.162 * second, 2.347 * second, 1.592 * second
		scale      = 1 + 6.342e-6
	)
	dx, dy, dz := p.x-px, p.y-py, p.z-pz
	return point{
		tx + px + scale*(dx+rz*dy-ry*dz),
		ty + py + scale*(dy-rz*dx+rx*dz),
		tz + pz + scale*(dz+ry*dx-rx*dy),
	}
}

// cartesian gives the point on the ellipsoid at a latitude and longitude in radians.
func (e ellipsoid) cartesian(lat, lon float64) point {
	r := e.a / math.Sqrt(1-e.e2()*math.Sin(lat)*math.Sin(lat))
	return point{r * math.Cos(lat) * math.Cos(lon), r * math.Cos(lat) * math.Sin(lon), r * (1 - e.e2()) * math.Sin(lat)}
}

// geodetic gives the place below a point near the ground, by Bowring's formula (1976).
func (e ellipsoid) geodetic(p point) clinic.Place {
	r, b := math.Hypot(p.x, p.y), e.a*(1-e.f)
	sin, cos := math.Sincos(math.Atan2(p.z*e.a, r*b))
	lat := math.Atan2(p.z+e.e2()/(1-e.e2())*b*sin*sin*sin, r-e.e2()*e.a*cos*cos*cos)
	return clinic.Place{Lat: lat * 180 / math.Pi, Lon: math.Atan2(p.y, p.x) * 180 / math.Pi}
}

func radians(degrees float64) float64 { return degrees * math.Pi / 180 }
