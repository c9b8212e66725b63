package handlers

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"strings"

	"vetroom/clinic"
	"vetroom/web"
)

// form reads what a page's form posted. It returns errMalformed, errTooLarge and errType.
func (c *call) form() (url.Values, error) {
	body, err := c.payload("application/x-www-form-urlencoded", maxBody)
	if err != nil {
		return nil, err
	}
	values, err := url.ParseQuery(string(body))
	if err != nil {
		return nil, errMalformed.With("This is not the form that was expected.")
	}
	return values, nil
}

// posted gives the id in the path, and what a page's form posted there. It returns what id and form return.
func (c *call) posted() (string, url.Values, error) {
	id, err := c.id()
	if err != nil {
		return "", nil, err
	}
	form, err := c.form()
	return id, form, err
}

// fields names the fields of a form that are read, by their JSON paths, and which of them are numbers.
type fields map[string]bool

var (
	bookingFields = fields{
		"start": false, "owner.name": false, "owner.phone": false, "owner.email": false, "pet.name": false,
		"pet.breed": false, "pet.birth_year": true, "pet.weight_kg": true, "visit.area": false,
		"visit.prior_visit_on": false, "symptoms": false, "screening_id": false,
	}
	lookupFields = fields{"number": false, "phone": false}
	loginFields  = fields{"login": false, "password": false}
	startFields  = fields{"start": false}
	reasonFields = fields{"reason": false}
)

// document makes of a form the JSON document that says the same: "owner.name" becomes {"owner":{"name":…}}, an empty
// field is absent. So a form and the API are read by the same code, and name the same fields at fault.
func (f fields) document(form url.Values) document {
	root := map[string]any{}
	for path, number := range f {
		text := strings.TrimSpace(form.Get(path))
		if text == "" {
			continue
		}
		var value any = text
		if number {
			value = json.Number(strings.Replace(text, ",", ".", 1))
		}
		into, key := root, path
		if group, name, nested := strings.Cut(path, "."); nested {
			if root[group] == nil {
				root[group] = map[string]any{}
			}
			into, key = root[group].(map[string]any), name
		}
		into[key] = value
	}
	return document{root: root}
}

// values gives what was typed, to be shown again. A password is not.
func (f fields) values(form url.Values) map[string]string {
	values := map[string]string{}
	for path := range f {
		if path != "password" {
			values[path] = form.Get(path)
		}
	}
	return values
}

// shown tells whether an error belongs into the form that gave rise to it, rather than on a page of its own.
func (h *Handler) shown(err error) (refusal, bool) {
	r := h.refusalOf(err)
	switch r.status {
	case http.StatusUnprocessableEntity, http.StatusConflict, http.StatusTooManyRequests, http.StatusUnauthorized:
		return r, true
	}
	return r, false
}

// mendedAt names the field of a booking at which a refusal that names none can be put right.
var mendedAt = map[clinic.Code]string{
	clinic.ErrSlotTaken.Code: "start", clinic.ErrSlotNotOffered.Code: "start",
	clinic.ErrNotPermitted.Code: "visit.area", clinic.ErrPriorVisitRequired.Code: "visit.prior_visit_on",
}

// formOf is a form with what was typed and what was wrong with it.
func formOf(values map[string]string, r refusal) web.Form {
	f := web.Form{Values: values, Code: string(r.Code)}
	for _, field := range r.Fields {
		f.Errors = append(f.Errors, web.FieldError{Field: field.Field, Code: fieldCode(field)})
	}
	if field := mendedAt[r.Code]; field != "" {
		f.Errors = append(f.Errors, web.FieldError{Field: field, Code: string(r.Code)})
	}
	return f
}

// fieldCode tells the pages' texts what is wrong with a field, where they have words for it.
func fieldCode(f clinic.FieldError) string {
	if f.Detail == "is missing" {
		return "required"
	}
	return ""
}

// isNothing tells that there is nothing to see for the caller.
func isNothing(err error) bool { return errors.Is(err, clinic.ErrNotFound) }

// localPath gives to if it is a path on this site, else otherwise: nobody is sent elsewhere by a link of ours.
func localPath(to, otherwise string) string {
	u, err := url.Parse(to)
	odd := strings.ContainsFunc(to, func(r rune) bool { return r < ' ' || r == '\\' || r == 0x7f })
	if err != nil || odd || u.Scheme != "" || u.Host != "" || !strings.HasPrefix(to, "/") || strings.HasPrefix(to, "//") {
		return otherwise
	}
	return to
}

func escape(s string) string { return url.QueryEscape(s) }
