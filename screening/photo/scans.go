package photo

import (
	"bytes"
	"encoding/binary"
)

// scansOf counts the scans of a JPEG up to the end of its picture: what stands behind, such as a phone's film, no decoder
// looks at. It goes from marker to marker as image/jpeg does, so that both see the same ones (ISO/IEC 10918-1, annex B).
func scansOf(body []byte) (n int) {
	const (
		restart0, restart7 = 0xD0, 0xD7
		start, end, scan   = 0xD8, 0xD9, 0xDA
		stuffed            = 0x00
	)
	rest, _ := bytes.CutPrefix(body, []byte{0xFF, start})
	for {
		at := bytes.IndexByte(rest, 0xFF) // over what a scan is made of
		if at < 0 {
			return n
		}
		for rest = rest[at:]; len(rest) > 0 && rest[0] == 0xFF; { // any number of them
			rest = rest[1:]
		}
		if len(rest) == 0 || rest[0] == end {
			return n
		}
		marker := rest[0]
		rest = rest[1:]
		if marker == stuffed || marker >= restart0 && marker <= restart7 {
			continue
		}
		if marker == scan {
			n++
		}
		if len(rest) < 2 {
			return n
		}
		length := int(binary.BigEndian.Uint16(rest))
		if length < 2 || length > len(rest) {
			return n
		}
		rest = rest[length:]
	}
}
