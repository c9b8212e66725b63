package configs

import (
	"encoding"
	"errors"
	"fmt"
	"io"
	"os"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/alecthomas/kong"
	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
)

// Loader makes kong read the file that --config names. The file is a YAML
// mapping of Config's keys. What it does not know, or cannot read, it refuses,
// naming file and line, and never quoting the file, which may hold secrets.
func Loader() kong.Option { return kong.Configuration(load) }

func load(r io.Reader) (kong.Resolver, error) {
	values, err := readFile(r)
	if err == nil {
		return resolver(values), nil
	}
	if f, ok := r.(*os.File); ok {
		return nil, fmt.Errorf("%s: %w", f.Name(), err)
	}
	return nil, err
}

// resolver gives kong the file's value of a flag as text. kong lets a resolver
// override the environment; here a variable that is set wins, even an empty one.
func resolver(values map[string]string) kong.Resolver {
	return kong.ResolverFunc(func(_ *kong.Context, _ *kong.Path, flag *kong.Flag) (any, error) {
		for _, env := range flag.Envs {
			if _, set := os.LookupEnv(env); set {
				return nil, nil
			}
		}
		if value, ok := values[strings.ReplaceAll(flag.Name, "-", "_")]; ok {
			return value, nil
		}
		return nil, nil
	})
}

// readFile returns the values of a configuration file by key, as text that the
// flag of that name takes.
func readFile(r io.Reader) (map[string]string, error) {
	text, err := io.ReadAll(r)
	if err != nil {
		return nil, err
	}
	file, err := parser.ParseBytes(text, 0)
	if err != nil {
		return nil, errors.New(yaml.FormatError(err, false, false))
	}
	values := map[string]string{}
	for _, doc := range file.Docs {
		if err := readMapping(doc.Body, values); err != nil {
			return nil, err
		}
	}
	return values, nil
}

// readMapping adds the pairs of a document to values. An empty document, or
// one of comments only, has none.
func readMapping(body ast.Node, values map[string]string) error {
	switch node := body.(type) {
	case nil, *ast.CommentGroupNode, *ast.NullNode:
		return nil
	case *ast.MappingValueNode:
		return readPair(node, values)
	case *ast.MappingNode:
		for _, pair := range node.Values {
			if err := readPair(pair, values); err != nil {
				return err
			}
		}
		return nil
	default:
		return fmt.Errorf("line %d: want lines of the form \"key: value\"", lineOf(body))
	}
}

func readPair(pair *ast.MappingValueNode, values map[string]string) error {
	key := pair.Key.GetToken().Value
	line := lineOf(pair.Key)
	field, ok := fieldOf(key)
	if !ok {
		return fmt.Errorf("line %d: unknown key %q; the keys are %s", line, key, strings.Join(keys(), ", "))
	}
	if _, twice := values[key]; twice {
		return fmt.Errorf("line %d: %s is set twice", line, key)
	}
	value, err := textOf(pair.Value)
	if err == nil {
		err = parse(reflect.New(field.Type), value)
	}
	if err != nil {
		return fmt.Errorf("line %d: %s: %w", line, key, err)
	}
	values[key] = value
	return nil
}

// textOf returns a scalar's text, or a list's with commas between.
func textOf(node ast.Node) (string, error) {
	switch node := node.(type) {
	case *ast.LiteralNode:
		return node.Value.Value, nil
	case *ast.StringNode, *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode:
		return node.GetToken().Value, nil
	case *ast.NullNode:
		return "", errors.New(`no value given; write "" for none`)
	case *ast.SequenceNode:
		var texts []string
		for _, item := range node.Values {
			text, err := textOf(item)
			if err != nil {
				return "", err
			}
			texts = append(texts, text)
		}
		return strings.Join(texts, ","), nil
	default:
		return "", errors.New("want a plain value")
	}
}

// parse sets what target points to from text, as kong would.
func parse(target reflect.Value, text string) error {
	switch target := target.Interface().(type) {
	case encoding.TextUnmarshaler:
		return target.UnmarshalText([]byte(text))
	case *time.Duration:
		if _, err := time.ParseDuration(text); err != nil {
			return errors.New("want a duration such as 168h")
		}
	case *int:
		if _, err := strconv.Atoi(text); err != nil {
			return errors.New("want a whole number")
		}
	}
	return nil
}

func lineOf(node ast.Node) int { return node.GetToken().Position.Line }

// fieldOf returns the field of Config for a key.
func fieldOf(key string) (reflect.StructField, bool) {
	for _, field := range reflect.VisibleFields(reflect.TypeFor[Config]()) {
		if field.Tag.Get("yaml") == key {
			return field, true
		}
	}
	return reflect.StructField{}, false
}

// keys returns every key, in alphabetical order.
func keys() []string {
	var all []string
	for _, field := range reflect.VisibleFields(reflect.TypeFor[Config]()) {
		all = append(all, field.Tag.Get("yaml"))
	}
	slices.Sort(all)
	return all
}

// YAML returns the configuration in the form of its file, secrets masked.
func (c Config) YAML() ([]byte, error) { return yaml.Marshal(c) }
