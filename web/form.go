package web

import "strings"

// control is one input of a form, by the name of its field and with the
// attributes that it is to have; an empty one is left out.
type control struct {
	name, kind, complete, mode, pattern string // kind is the type, complete the autocomplete, mode the inputmode
	min, max, step                      string
	length                              int  // maxlength
	required                            bool // not to be left empty
	plain                               bool // may be left empty, which need not be said
	areas                               []string
}

// optional says whether the label tells that the field may be left empty.
func (c control) optional() bool { return !c.required && !c.plain }

// fieldView is one labelled control with its value and its error.
type fieldView struct {
	Name, ID, Label, Hint, Value, Error string
}

func (f fieldView) errorID() string { return f.ID + "-error" }

func (p *printer) field(f Form, name string) fieldView {
	v := fieldView{
		Name: name, ID: "f-" + strings.ReplaceAll(name, ".", "-"),
		Label: p.t("field." + name), Hint: p.first("hint." + name), Value: f.Value(name),
	}
	if wrong := f.Wrong(name); wrong != nil {
		v.Error = p.first("problem."+name+"."+wrong.Code, "problem."+name, "problem."+wrong.Code, "problem.field")
	}
	return v
}

// problemOf says an error of a form as a whole; empty for no code.
func (t texts) problemOf(code string) string {
	if code == "" {
		return ""
	}
	return t.first("problem."+code, "problem.form")
}
