package clinic

import "strings"

// numberAlphabet leaves out letters and digits that are easily taken for one another when read aloud or by hand.
const numberAlphabet = "ACDEFHJKLMNPRTUVWXY34679"

// NewNumber makes a reservation number of 8 characters, "K7MA-93XD", from 8 random bytes.
// There are 24^8, about 1.1e11; a store refuses one that is in use.
func NewNumber(random [8]byte) string {
	var b strings.Builder
	for i, r := range random {
		if i == 4 {
			b.WriteByte('-')
		}
		b.WriteByte(numberAlphabet[int(r)%len(numberAlphabet)])
	}
	return b.String()
}

// NormalNumber brings a typed reservation number into the form of NewNumber.
func NormalNumber(s string) string {
	s = strings.Map(func(r rune) rune {
		if r == '-' || r == ' ' {
			return -1
		}
		return r
	}, strings.ToUpper(s))
	if len(s) == 8 {
		return s[:4] + "-" + s[4:]
	}
	return s
}
