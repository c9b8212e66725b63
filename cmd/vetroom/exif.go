package main

import (
	"bytes"
	"encoding/binary"
)

// orientation reads how a JPEG's camera was held, 1 (upright) to 8. Whatever does not say so is upright.
func orientation(jpeg []byte) int {
	tiff, ok := exif(jpeg)
	if !ok || len(tiff) < 8 {
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

// exif finds the TIFF structure in a JPEG's APP1 segment.
func exif(jpeg []byte) ([]byte, bool) {
	const startOfScan, app1 = 0xDA, 0xE1
	rest, ok := bytes.CutPrefix(jpeg, []byte{0xFF, 0xD8})
	for ok && len(rest) >= 4 && rest[0] == 0xFF && rest[1] != startOfScan {
		length := int(binary.BigEndian.Uint16(rest[2:]))
		if length < 2 || len(rest) < 2+length {
			break
		}
		body := rest[4 : 2+length]
		if tiff, found := bytes.CutPrefix(body, []byte("Exif\x00\x00")); rest[1] == app1 && found {
			return tiff, true
		}
		rest = rest[2+length:]
	}
	return nil, false
}
