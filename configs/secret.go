package configs

import (
	"log/slog"
	"net/url"
	"regexp"
	"strings"
)

// mask stands where a secret would.
const mask = "********"

// Secret is a value that shows itself to Reveal alone: printed, logged or
// encoded it is masked.
type Secret string

// Reveal returns the secret itself.
func (s Secret) Reveal() string { return string(s) }

// String returns the mask, or "" for an empty secret.
func (s Secret) String() string {
	if s == "" {
		return ""
	}
	return mask
}

// GoString is String, for %#v.
func (s Secret) GoString() string { return `"` + s.String() + `"` }

// MarshalText is String.
func (s Secret) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// LogValue is String.
func (s Secret) LogValue() slog.Value { return slog.StringValue(s.String()) }

// SecretURL is a URL, or several parted by commas, that may hold a password.
// It shows itself whole to Reveal alone: printed, logged or encoded its
// passwords, tokens and secret query values are masked.
type SecretURL string

// Reveal returns the URL itself.
func (u SecretURL) Reveal() string { return string(u) }

// String returns the URL with its secrets masked.
func (u SecretURL) String() string {
	var masked strings.Builder
	for _, one := range parts(string(u)) {
		masked.WriteString(maskURL(one))
	}
	return masked.String()
}

// GoString is String, for %#v.
func (u SecretURL) GoString() string { return `"` + u.String() + `"` }

// MarshalText is String.
func (u SecretURL) MarshalText() ([]byte, error) { return []byte(u.String()), nil }

// LogValue is String.
func (u SecretURL) LogValue() slog.Value { return slog.StringValue(u.String()) }

// scheme returns what stands before "://", or "".
func (u SecretURL) scheme() string {
	scheme, _, found := strings.Cut(string(u), "://")
	if !found {
		return ""
	}
	return strings.ToLower(scheme)
}

// nextURL matches where one URL of a list ends and the next begins.
var nextURL = regexp.MustCompile(`,\s*[A-Za-z][A-Za-z0-9+.-]*://`)

// parts cuts a list of URLs before each comma that a new URL follows, so that
// a comma in a password cuts nothing.
func parts(list string) []string {
	var all []string
	start := 0
	for _, at := range nextURL.FindAllStringIndex(list, -1) {
		all = append(all, list[start:at[0]])
		start = at[0]
	}
	return append(all, list[start:])
}

// maskURL masks one URL by its text alone: a database's may hold
// unix(/path.sock), which net/url does not know. All up to the last @ counts as
// user and password, so a password that was not escaped is masked as well.
func maskURL(text string) string {
	scheme, rest, found := strings.Cut(text, "://")
	if !found {
		return Secret(text).String() // not a URL: who knows what it is
	}
	if at := strings.LastIndexByte(rest, '@'); at >= 0 {
		rest = maskUser(scheme, rest[:at]) + rest[at:]
	}
	return scheme + "://" + maskQuery(rest)
}

// maskUser leaves the user's name. NATS takes a name alone for a token.
func maskUser(scheme, userinfo string) string {
	user, _, found := strings.Cut(userinfo, ":")
	if found {
		return user + ":" + mask
	}
	if strings.HasSuffix(scheme, "mysql") || strings.HasPrefix(scheme, "smtp") {
		return user
	}
	return mask
}

// secretName matches the names of query parameters whose values are masked.
var secretName = regexp.MustCompile(`(?i)key|token|secret|pass|pwd|sig|auth`)

func maskQuery(rest string) string {
	before, query, found := strings.Cut(rest, "?")
	if !found {
		return rest
	}
	pairs := strings.Split(query, "&")
	for i, pair := range pairs {
		name, _, _ := strings.Cut(pair, "=")
		if plain, err := url.QueryUnescape(name); err != nil || secretName.MatchString(plain) {
			pairs[i] = name + "=" + mask
		}
	}
	return before + "?" + strings.Join(pairs, "&")
}
