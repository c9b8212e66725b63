package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"
)

// figure is one row of a table: what the product and the floor gave in each round.
type figure struct {
	Case    string    `json:"case"` // such as "sqlite 9900 rooms"
	Name    string    `json:"name"` // such as "last told"
	Unit    string    `json:"unit"` // ms, KB, /s, or "" for a count
	Product []float64 `json:"product"`
	Floor   []float64 `json:"floor,omitempty"`
	Goal    string    `json:"goal,omitempty"` // as a reader says it: "ratio ≤ 1.0"
}

// report collects the figures of one benchmark.
type report struct {
	bench   string
	figures []*figure
}

// row gives the figure of a case and name, and makes it at first.
func (r *report) row(of, name, unit, goal string) *figure {
	for _, f := range r.figures {
		if f.Case == of && f.Name == name {
			return f
		}
	}
	f := &figure{Case: of, Name: name, Unit: unit, Goal: goal}
	r.figures = append(r.figures, f)
	return f
}

// finish prints the table and appends it to the results file, if there is one.
func (r *report) finish(o options) error {
	r.print(os.Stdout)
	if o.Results == "" {
		return nil
	}
	return r.append(o)
}

func (r *report) print(w io.Writer) {
	fmt.Fprintf(w, "\n%s (median, least – most of the rounds)\n", r.bench)
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "case\tfigure\tunit\tproduct\t\tfloor\t\tratio\tgoal")
	for _, f := range r.figures {
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n", f.Case, f.Name, f.Unit,
			shown(median(f.Product), len(f.Product)), spread(f.Product), shown(median(f.Floor), len(f.Floor)), spread(f.Floor),
			f.ratio(), f.Goal)
	}
	t.Flush()
}

func (f *figure) ratio() string {
	if len(f.Product) == 0 || len(f.Floor) == 0 || median(f.Floor) == 0 {
		return ""
	}
	return fmt.Sprintf("%.2f", median(f.Product)/median(f.Floor))
}

func spread(v []float64) string {
	if len(v) < 2 {
		return ""
	}
	return number(slices.Min(v)) + " – " + number(slices.Max(v))
}

func shown(v float64, n int) string {
	if n == 0 {
		return "–"
	}
	return number(v)
}

// number shows three digits and more, as people read them.
func number(v float64) string {
	switch {
	case v == float64(int64(v)), v >= 100, v <= -100:
		return strconv.FormatFloat(v, 'f', 0, 64)
	case v >= 10 || v <= -10:
		return strconv.FormatFloat(v, 'f', 1, 64)
	default:
		return strconv.FormatFloat(v, 'f', 2, 64)
	}
}

// median of what is not in order yet; 0 for nothing.
func median(v []float64) float64 {
	if len(v) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(v))
	if mid := len(sorted) / 2; len(sorted)%2 == 1 {
		return sorted[mid]
	} else {
		return (sorted[mid-1] + sorted[mid]) / 2
	}
}

// percentile of what is in order: the least value that at least p of all do not exceed; p of 1 is the greatest.
func percentile(sorted []time.Duration, p float64) time.Duration {
	if len(sorted) == 0 {
		return 0
	}
	at := int(p*float64(len(sorted))+0.999999) - 1
	return sorted[min(max(at, 0), len(sorted)-1)]
}

func ms(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

// record is a line of the results file.
type record struct {
	At     time.Time `json:"at"`
	Bench  string    `json:"bench"`
	Size   string    `json:"size"`
	Commit string    `json:"commit"`
	Go     string    `json:"go"`
	CPUs   int       `json:"cpus"`
	figure
}

func (r *report) append(o options) error {
	file, err := os.OpenFile(o.Results, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		return fmt.Errorf("open the results: %w", err)
	}
	defer file.Close()
	commit, _ := exec.Command("git", "rev-parse", "--short", "HEAD").Output() // no repository, no commit
	out := json.NewEncoder(file)
	for _, f := range r.figures {
		line := record{
			At: time.Now().UTC(), Bench: r.bench, Size: o.Size, Commit: strings.TrimSpace(string(commit)),
			Go: runtime.Version(), CPUs: runtime.NumCPU(), figure: *f,
		}
		if err := out.Encode(line); err != nil {
			return fmt.Errorf("write the results: %w", err)
		}
	}
	return nil
}
