# `make` alone lists what can be made.
.DEFAULT_GOAL := help
.PHONY: help run test check lint fuzz bench benchpages generate pictures build

GOLANGCI_LINT = go tool -modfile=tools/go.mod golangci-lint

help: ## List the targets
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{ printf "  make %-10s %s\n", $$1, $$2 }'

run: ## Start the development mode: in memory, with a mailbox and sample guests
	go run ./cmd/guestlist dev

test: ## Run every test on SQLite and PostgreSQL, with browser and foreign clients
	scripts/test

check: ## Run the fast tests only, on SQLite
	go vet ./...
	GUESTLIST_TEST_POSTGRES=off go test -short ./...

lint: ## Check formatting and run the linters (the first run builds them)
	@unformatted=$$(git ls-files -co --exclude-standard '*.go' | xargs gofmt -l); \
	if [ -n "$$unformatted" ]; then echo "not gofmt-ed: $$unformatted" >&2; exit 1; fi
	go vet ./...
	$(GOLANGCI_LINT) run

fuzz: ## Fuzz every target for FUZZTIME (30s each)
	scripts/fuzz $(FUZZTIME)

bench: benchpages ## Measure speed and size of the real program, as docs/performance.md reports
	go run ./scripts/bench $(BENCH)
	go test ./internal/invite -run '^$$' -bench Redeem -benchtime 5000x

benchpages: ## Time every page of the console among a million users
	go test -tags bench -count=1 -v -timeout 2h -run TestEveryPageIsFast ./internal/console/ $(PAGES)

generate: ## Write the generated documents and code anew
	go run ./scripts/reference

pictures: ## Take the pictures of docs/pictures anew (needs Chromium)
	go run ./scripts/pictures

build: ## Build bin/guestlist
	CGO_ENABLED=0 go build -trimpath -ldflags='-s -w' -o bin/guestlist ./cmd/guestlist
