# Few targets; each is one line that can be typed.

build: ## the static binary in bin/
	CGO_ENABLED=0 go build -trimpath -ldflags='-s -w' -o bin/tocsin ./cmd/tocsin

test: ## everything that needs no network
	go test ./...

race:
	go test -race ./...

fuzz: ## every fuzz test, 30 seconds each
	sh scripts/fuzz 30s

bench: ## benchmarks, then side by side with osv-scanner; the corpus is found through TOCSIN_CORPUS
	go test -timeout 60m -run '^$$' -bench . -benchmem ./...
	cd internal/sidebyside && go run .

ci: ## the law
	.ci/run

.PHONY: build test race fuzz bench ci
