# The commands for development; what they do is in scripts/.
.PHONY: help run test build dist lint bench soak dev setup
.DEFAULT_GOAL := help

run: ## Build and serve the demo at http://127.0.0.1:3000 (PORT=… moves it)
	@scripts/run

test: ## Everything: formatting, clippy, rustdoc, Rust tests on both databases, browser tests
	@scripts/test

build: ## The release binary, site embedded: target/release/sallyport
	@scripts/build

dist: ## What a deployment needs, as a tarball: binary, units, settings, licences, SBOM, checksums; in target/dist
	@scripts/dist --check

lint: ## Formatting, clippy, rustdoc and (where cargo-deny is installed) licences
	@scripts/lint

bench: ## The verifier compared with a bare server, with Redis, memory, floods, sizes, several nodes; writes docs/benchmarks.md
	@scripts/bench

soak: ## What takes long: 10,000 races against revocation, property tests with many cases, fuzzing, a flood
	@scripts/soak

dev: ## Rebuild and reload on each change
	@scripts/dev

setup: ## Install the build tools that are missing (run, test and build do it too)
	@scripts/setup

help: ## This list
	@sed -n 's/^\([a-z]*\): ## /\1|/p' $(MAKEFILE_LIST) | while IFS='|' read -r name text; do printf '  make %-7s %s\n' "$$name" "$$text"; done
