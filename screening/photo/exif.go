package photo

import (
	"bytes"
	"encoding/binary"
)

// orientation reads how the camera was held, 1 (upright) to 8. Whatever does not say so is upright.
func orientation(kind Kind, body []byte) int {
	tiff := exifOf(kind, body)
	if len(tiff) < 8 {
		return 1
	}
	var order binary.ByteOrder = binary.LittleEndian
	if tiff[0] == 'M' {
		order = binary.BigEndian
	}
	first := uint64(order.Uint32(tiff[4:])) // where the first directory stands
	if first+2 > uint64(len(tiff)) {
		return 1
	}
	entries := tiff[first+2:]
	for range order.Uint16(tiff[first:]) {
		if len(entries) < 12 {
			break
		}
		const orientationTag = 0x0112
		if value := int(order.Uint16(entries[8:])); order.Uint16(entries) == orientationTag && value >= 1 && value <= 8 {
			return value
		}
		entries = entries[12:]
	}
	return 1
}

// exifOf finds the TIFF structure in which a file says more of its picture, nil if there is none.
func exifOf(kind Kind, body []byte) []byte {
	switch kind {
	case JPEG:
		return exifOfJPEG(body)
	case PNG: // chunks of length, name, content, checksum, after 8 bytes (PNG 3rd edition, 11.3.3.8)
		return chunk(body, 8, "eXIf", binary.BigEndian, true)
	case WebP: // chunks of name, length, content, filled up to even, after 12 bytes (RFC 9649, 2.7.1.5)
		tiff := chunk(body, 12, "EXIF", binary.LittleEndian, false)
		return bytes.TrimPrefix(tiff, []byte(exifMark)) // some programs keep JPEG's mark
	}
	return nil
}

const exifMark = "Exif\x00\x00"

// exifOfJPEG looks into the segments before the picture's data.
func exifOfJPEG(body []byte) []byte {
	const startOfScan, app1 = 0xDA, 0xE1
	rest, ok := bytes.CutPrefix(body, []byte{0xFF, 0xD8})
	for ok && len(rest) >= 4 && rest[0] == 0xFF && rest[1] != startOfScan {
		length := int(binary.BigEndian.Uint16(rest[2:]))
		if length < 2 || len(rest) < 2+length {
			break
		}
		content := rest[4 : 2+length]
		if tiff, found := bytes.CutPrefix(content, []byte(exifMark)); rest[1] == app1 && found {
			return tiff
		}
		rest = rest[2+length:]
	}
	return nil
}

// chunk finds a named chunk of a file that is made of such, from a place on.
func chunk(body []byte, from int, name string, order binary.ByteOrder, lengthFirst bool) []byte {
	after := 0 // bytes behind each content
	if lengthFirst {
		after = 4
	}
	for at := from; at+8 <= len(body); {
		is, length := string(body[at:at+4]), uint64(order.Uint32(body[at+4:]))
		if lengthFirst {
			is, length = string(body[at+4:at+8]), uint64(order.Uint32(body[at:]))
		}
		if length > uint64(len(body)-at-8) {
			return nil
		}
		if is == name {
			return body[at+8 : at+8+int(length)]
		}
		at += 8 + int(length) + after
		if !lengthFirst {
			at += int(length & 1)
		}
	}
	return nil
}
