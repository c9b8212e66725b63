package signaling

import (
	"bytes"
	"encoding/binary"
	"unicode/utf8"
)

// What comes most often is read without reflection where it is written without any freedom, as browsers write it:
// acknowledgements, which come from all sockets at once when many doors open, and signals. Anything else, also what is
// wrong, is left to decode, which these agree with.

// plainSeen reads a Seen.
func plainSeen(frame []byte) (Seen, bool) {
	rest, begins := bytes.CutPrefix(frame, []byte(`{"type":"seen","n":`))
	digits, ends := bytes.CutSuffix(rest, []byte("}"))
	if !begins || !ends || len(digits) == 0 || len(digits) > 18 || digits[0] == '0' {
		return Seen{}, false
	}
	var n uint64
	for _, c := range digits {
		if c < '0' || c > '9' {
			return Seen{}, false
		}
		n = 10*n + uint64(c-'0')
	}
	return Seen{n}, true
}

// plainSignal reads a Signal, whose data is part of the frame.
func plainSignal(frame []byte) (Signal, bool) {
	rest, begins := bytes.CutPrefix(frame, []byte(`{"type":"signal","data":`))
	if !begins || len(rest) == 0 || rest[0] != '{' || !utf8.Valid(rest) {
		return Signal{}, false
	}
	end := skipValue(rest, plainDepth)
	if end != len(rest)-1 || rest[end] != '}' {
		return Signal{}, false
	}
	return Signal{rest[:end]}, true
}

// plainDepth is how deep objects and arrays may lie in each other; signals have two or three.
const plainDepth = 16

// skipValue gives where the JSON value (RFC 8259) ends that b begins with, or -1 where there is none or it lies too deep.
// It does not see whether strings are UTF-8.
func skipValue(b []byte, depth int) int {
	if len(b) == 0 {
		return -1
	}
	switch c := b[0]; {
	case c == '"':
		return skipString(b)
	case c == '{' && depth > 0:
		return skipAll(b, '}', func(b []byte) int { return skipMember(b, depth-1) })
	case c == '[' && depth > 0:
		return skipAll(b, ']', func(b []byte) int { return skipValue(b, depth-1) })
	case c == '-' || isDigit(c):
		return skipNumber(b)
	}
	for _, word := range []string{"true", "false", "null"} {
		if len(b) >= len(word) && string(b[:len(word)]) == word {
			return len(word)
		}
	}
	return -1
}

// skipAll skips an object or array, whose parts are skipped by each.
func skipAll(b []byte, closing byte, each func([]byte) int) int {
	at := skipSpace(b, 1)
	if at < len(b) && b[at] == closing {
		return at + 1
	}
	for at < len(b) {
		n := each(b[at:])
		if n < 0 {
			return -1
		}
		at = skipSpace(b, at+n)
		if at == len(b) {
			return -1
		}
		if b[at] == closing {
			return at + 1
		}
		if b[at] != ',' {
			return -1
		}
		at = skipSpace(b, at+1)
	}
	return -1
}

// skipMember skips a name, a colon and a value.
func skipMember(b []byte, depth int) int {
	if b[0] != '"' {
		return -1
	}
	at := skipString(b)
	if at < 0 {
		return -1
	}
	if at = skipSpace(b, at); at == len(b) || b[at] != ':' {
		return -1
	}
	at = skipSpace(b, at+1)
	if n := skipValue(b[at:], depth); n >= 0 {
		return at + n
	}
	return -1
}

func skipSpace(b []byte, at int) int {
	for at < len(b) && (b[at] == ' ' || b[at] == '\t' || b[at] == '\n' || b[at] == '\r') {
		at++
	}
	return at
}

// skipString skips a string that b begins with.
func skipString(b []byte) int {
	for at := 1; ; {
		at += plainText(b[at:])
		if at == len(b) {
			return -1
		}
		switch c := b[at]; {
		case c == '"':
			return at + 1
		case c != '\\':
			return -1 // a control character
		}
		n := escape(b[at:])
		if n == 0 {
			return -1
		}
		at += n
	}
}

// plainText gives how many bytes of b stand for themselves in a string: up to a quote, a backslash or a control
// character. It looks at eight at a time: what is sought sets the highest bit of its byte (Hacker's Delight, 6-1); what
// follows the first may be set wrongly, which then does not matter.
func plainText(b []byte) int {
	const ones, highest = 0x0101010101010101, 0x8080808080808080
	at := 0
	for ; at+8 <= len(b); at += 8 {
		v := binary.LittleEndian.Uint64(b[at:])
		quote, slash := v^(ones*'"'), v^(ones*'\\')
		found := ((quote-ones)&^quote | (slash-ones)&^slash | (v-ones*' ')&^v) & highest
		if found != 0 {
			break
		}
	}
	for at < len(b) && b[at] != '"' && b[at] != '\\' && b[at] >= ' ' {
		at++
	}
	return at
}

// escape gives how many bytes the escape takes that b begins with, or 0 for none.
func escape(b []byte) int {
	if len(b) < 2 {
		return 0
	}
	switch b[1] {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		return 2
	case 'u':
		if len(b) >= 6 && isHex(b[2]) && isHex(b[3]) && isHex(b[4]) && isHex(b[5]) {
			return 6
		}
	}
	return 0
}

// skipNumber skips a number, which b begins with or with its sign.
func skipNumber(b []byte) int {
	at := 0
	if b[0] == '-' {
		at++
	}
	whole := skipDigits(b, at)
	if whole == at || b[at] == '0' && whole > at+1 {
		return -1
	}
	at = whole
	if at < len(b) && b[at] == '.' {
		part := skipDigits(b, at+1)
		if part == at+1 {
			return -1
		}
		at = part
	}
	if at < len(b) && (b[at] == 'e' || b[at] == 'E') {
		at++
		if at < len(b) && (b[at] == '+' || b[at] == '-') {
			at++
		}
		exponent := skipDigits(b, at)
		if exponent == at {
			return -1
		}
		at = exponent
	}
	return at
}

func skipDigits(b []byte, at int) int {
	for at < len(b) && isDigit(b[at]) {
		at++
	}
	return at
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

func isHex(c byte) bool { return isDigit(c) || 'a' <= c|0x20 && c|0x20 <= 'f' }
