# make run: try it. make test: everything. make help: the rest.

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

# Go where its own instructions put it, and a cache where there is no home.
export PATH := $(PATH):/usr/local/go/bin
ifeq ($(shell test -w "$${HOME:-}" && echo usable),)
export HOME := $(CURDIR)/.cache
endif

VERSION := $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
COMMIT  := $(shell git rev-parse HEAD 2>/dev/null || echo unknown)
LDFLAGS := -X main.version=$(VERSION) -X main.commit=$(COMMIT)

STATICCHECK := honnef.co/go/tools/cmd/staticcheck@v0.8.2
FUZZTIME    := 20s
BENCH       := herd idle memory lean book pages growth relay call
SIZE        := full

# Where goroutines share data, the tests run under the race detector, and only
# there, so that the heavy ones run once. What is left runs without; the program
# itself comes last and alone, since its tests keep time with whole processes:
# those that do one by one, and then those that mostly wait, beside each other.
concurrent := ^vetroom/(clinic|events|scheduler|signaling|store)(/|$$)
program    := ^vetroom/cmd/

# What takes its time is built with the tag long alone. And what holds goals in time allows for a busy machine without
# that tag: the tests of these files.
long = $$(grep -lE '^//go:build long|busyMachine|soundMadeUp' cmd/vetroom/*_test.go | xargs sed -n 's/^func \(Test[A-Za-z]*\)(t .*/\1/p' | paste -sd'|')

go_files = find . -name '*.go' -not -path './.*'

.PHONY: help
help: ## say what can be made
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-11s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: build
build: ## build bin/vetroom
	CGO_ENABLED=0 go build -trimpath -buildvcs=false -ldflags '$(LDFLAGS)' -o bin/vetroom ./cmd/vetroom

.PHONY: run
run: build ## build and serve with demo data on the embedded defaults; needs nothing but Go
	exec bin/vetroom serve --demo

.PHONY: test
test: need format vet ## everything: install what the tests lack, check, test
	@packages=$$(go list ./... | grep -E '$(concurrent)'); set -x; go test -race -timeout 20m $$packages
	@packages=$$(go list ./... | grep -Ev '$(concurrent)|$(program)'); set -x; go test -timeout 20m $$packages
	@packages=$$(go list ./... | grep -E '$(program)'); set -x; go test -timeout 30m -p 1 -parallel 4 $$packages

.PHONY: long
long: need ## the calls that take their time, and goals in time as they stand, of which make test has the short form
	go test -tags long -count 1 -timeout 20m -parallel 2 ./cmd/vetroom -v -run "$(long)"

.PHONY: need
need: ## install what the tests need where it lacks, by apt-get
	@scripts/need

.PHONY: pages
pages: ## format the templates (web/*.templ) and make Go of them
	go generate ./web

.PHONY: format
format: ## refuse files that gofmt would change
	@unformatted=$$($(go_files) -exec gofmt -l {} +); \
	if [ -n "$$unformatted" ]; then echo "gofmt would change:"; echo "$$unformatted"; exit 1; fi >&2

.PHONY: vet
vet: ## run go vet
	go vet -tags long ./...

.PHONY: lint
lint: format vet ## format, vet and staticcheck, pinned
	go run $(STATICCHECK) -tags long ./...

.PHONY: race
race: need ## test all packages under the race detector
	go test -race -timeout 20m -p 1 ./...

.PHONY: bench
bench: build ## measure the product beside hand-written floors (SIZE=small: a tenth; BENCH="herd idle": these)
	go build -o bin/bench ./bench
	@mkdir -p artefacts; failed=; \
	for name in $(BENCH); do bin/bench $$name --size $(SIZE) --results artefacts/bench.jsonl || failed="$$failed $$name"; done; \
	if [ -n "$$failed" ]; then echo "failed:$$failed"; exit 1; fi >&2

.PHONY: screenshots
screenshots: need ## put pictures of every page into artefacts/screenshots, with an index.html
	rm -rf artefacts/screenshots && mkdir -p artefacts/screenshots
	go test ./web -count 1 -run TestEveryPage -pictures "$(CURDIR)/artefacts/screenshots"
	go test ./cmd/vetroom -count 1 -run TestEveryPageOfARealServer -pictures "$(CURDIR)/artefacts/screenshots"

.PHONY: fuzz
fuzz: ## run each fuzz test for FUZZTIME, 20s by default
	scripts/fuzz $(FUZZTIME)

.PHONY: clean
clean: ## remove what was built; keeps the data in var
	rm -rf bin artefacts
