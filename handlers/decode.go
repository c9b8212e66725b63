package handlers

import (
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"unicode/utf8"

	"vetroom/clinic"
)

// Limits of what is read.
const (
	// Bytes of a body, JSON or a form. A record may have five texts of clinic.MaxNote characters, each of four bytes, and a
	// form writes every one of those as three.
	maxBody  = 5*4*3*clinic.MaxNote + 16<<10
	maxDepth = 16 // of objects and lists in one another
)

// payload reads the request's body, of most bytes at most. It returns errType for another media type and errTooLarge. No
// body is no error.
func (c *call) payload(media string, most int64) ([]byte, error) {
	if c.ContentLength > most {
		return nil, errTooLarge
	}
	body, err := io.ReadAll(http.MaxBytesReader(c.w, c.Body, most))
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		return nil, errTooLarge
	case err != nil:
		return nil, errMalformed.With("The body did not arrive whole.")
	case len(body) == 0:
		return nil, nil
	}
	if got, _, err := mime.ParseMediaType(c.Header.Get("Content-Type")); err != nil || got != media {
		return nil, errType.With("Send %s.", media)
	}
	return body, nil
}

// document is a decoded body.
type document struct {
	root      map[string]any // strings, json.Number, bool, nil, []any, map[string]any
	canonical []byte         // the same for bodies that say the same: keys in order, no spaces
}

// document reads a JSON object. It returns errMalformed where there is another thing, or one of its objects names
// a key twice. No body at all is the empty object.
func (c *call) document() (document, error) {
	body, err := c.payload("application/json", maxBody)
	if err != nil {
		return document{}, err
	}
	if body == nil {
		body = []byte("{}")
	}
	return parseDocument(body)
}

func parseDocument(body []byte) (document, error) {
	if !utf8.Valid(body) || !json.Valid(body) {
		return document{}, errMalformed
	}
	d := json.NewDecoder(newReader(body))
	d.UseNumber()
	value, err := parseValue(d, maxDepth)
	if err != nil {
		return document{}, err
	}
	root, ok := value.(map[string]any)
	if !ok {
		return document{}, errMalformed.With("A JSON object was expected.")
	}
	canonical, err := json.Marshal(root)
	if err != nil {
		return document{}, errMalformed
	}
	return document{root, canonical}, nil
}

// parseValue reads one value of what is known to be JSON.
func parseValue(d *json.Decoder, depth int) (any, error) {
	if depth < 0 {
		return nil, errMalformed.With("The JSON is nested too deeply.")
	}
	token, err := d.Token()
	if err != nil {
		return nil, errMalformed
	}
	switch token {
	case json.Delim('{'):
		return parseObject(d, depth-1)
	case json.Delim('['):
		return parseList(d, depth-1)
	}
	return token, nil
}

func parseObject(d *json.Decoder, depth int) (any, error) {
	object := map[string]any{}
	for d.More() {
		token, err := d.Token()
		key, ok := token.(string)
		if err != nil || !ok {
			return nil, errMalformed
		}
		if _, twice := object[key]; twice {
			return nil, &clinic.Error{Code: errMalformed.Code, Detail: "A key is given twice.", Fields: []clinic.FieldError{{Field: shown(key), Detail: "is given twice"}}}
		}
		if object[key], err = parseValue(d, depth); err != nil {
			return nil, err
		}
	}
	_, err := d.Token()
	return object, err
}

func parseList(d *json.Decoder, depth int) (any, error) {
	list := []any{}
	for d.More() {
		value, err := parseValue(d, depth)
		if err != nil {
			return nil, err
		}
		list = append(list, value)
	}
	_, err := d.Token()
	return list, err
}

// read decodes the call's body by parse and checks that nothing was left over. It returns errMalformed for what is no
// JSON object, and clinic.ErrInvalid naming each value that is of a wrong type or cannot be right, and each key that
// nobody knows.
func read[T any](c *call, parse func(*object) T) (T, error) {
	value, _, err := readAll(c, parse)
	return value, err
}

// readAll is read, and gives the canonical body too.
func readAll[T any](c *call, parse func(*object) T) (T, []byte, error) {
	d, err := c.document()
	if err != nil {
		var none T
		return none, nil, err
	}
	value, err := decode(d, parse)
	return value, d.canonical, err
}

func decode[T any](d document, parse func(*object) T) (T, error) {
	o := newObject(d.root)
	value := parse(o)
	o.close()
	return value, o.faults.err()
}

// noBody reads a call that says nothing: no body, or an empty object.
func noBody(*object) struct{} { return struct{}{} }
