package configs

import (
	"fmt"
	"net/netip"
	"strings"
)

// Networks is a list of IP networks, in text parted by commas.
type Networks []netip.Prefix

// UnmarshalText takes networks (10.0.0.0/8) and single addresses (::1).
func (n *Networks) UnmarshalText(text []byte) error {
	*n = nil
	for _, word := range words(string(text)) {
		prefix, err := network(word)
		if err != nil {
			return fmt.Errorf("%q is not an IP network such as 10.0.0.0/8", word)
		}
		*n = append(*n, prefix)
	}
	return nil
}

func network(word string) (netip.Prefix, error) {
	if addr, err := netip.ParseAddr(word); err == nil {
		return netip.PrefixFrom(addr, addr.BitLen()), nil
	}
	prefix, err := netip.ParsePrefix(word)
	return prefix.Masked(), err
}

// MarshalText is the inverse of UnmarshalText.
func (n Networks) MarshalText() ([]byte, error) {
	texts := make([]string, len(n))
	for i, prefix := range n {
		texts[i] = prefix.String()
	}
	return []byte(strings.Join(texts, ",")), nil
}

// Contains says whether an address lies in one of the networks. An IPv4
// address in IPv6's form counts as what it is.
func (n Networks) Contains(addr netip.Addr) bool {
	for _, prefix := range n {
		if prefix.Contains(addr.Unmap()) {
			return true
		}
	}
	return false
}

// Roles is a list of roles, in text parted by commas.
type Roles []Role

// UnmarshalText takes any words; Config.Check knows the roles.
func (r *Roles) UnmarshalText(text []byte) error {
	*r = nil
	for _, word := range words(string(text)) {
		*r = append(*r, Role(word))
	}
	return nil
}

// MarshalText is the inverse of UnmarshalText.
func (r Roles) MarshalText() ([]byte, error) {
	texts := make([]string, len(r))
	for i, role := range r {
		texts[i] = string(role)
	}
	return []byte(strings.Join(texts, ",")), nil
}

// words parts a text at commas and blanks.
func words(text string) []string {
	return strings.FieldsFunc(text, func(r rune) bool { return r == ',' || r == ' ' || r == '\t' })
}
