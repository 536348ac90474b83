# Every CI step under the name that CI uses. A fresh machine needs `make run` and `make test`; `make` alone says what there is.
.PHONY: help run run-cluster build test test-crates test-cluster suites evidence controlplane script-tools fmt lint scripts workflows deny advisories crates generate generated chart packaging sizes coverage bench bench-cluster toolchain

CARGO ?= cargo
# The Kubernetes minor to test on: 1.36 or 1.34.
K8S ?= 1.36
export K8S
# Those that run on a real API server, and all others.
CLUSTER_TESTS = evidence $(basename $(notdir $(wildcard tests/cluster/tests/*.rs))) \
	$(notdir $(patsubst %/main.rs,%,$(wildcard tests/cluster/tests/*/main.rs)))
CRATE_TESTS = $(filter-out $(CLUSTER_TESTS),$(sort $(shell $(CARGO) metadata --no-deps --format-version 1 \
	| grep -o '"kind":\["test"\],"crate_types":\["bin"\],"name":"[^"]*"' | cut -d '"' -f 12)))

help: ## What there is
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

# The whole workspace is selected each time: what one target has built, no other one builds again.
BUILT = $${CARGO_TARGET_DIR:-target}/debug

run: toolchain ## Build everything and serve the built-in policies on loopback
	$(CARGO) build --workspace --bin quorate
	"$(BUILT)/quorate" serve

run-cluster: toolchain controlplane ## A real API server with Quorate installed from deploy/, and a refused scale-down
	$(CARGO) build --workspace --bin quorate --bin run-cluster
	"$(BUILT)/run-cluster" $(ARGUMENTS)

build: toolchain ## Build the one binary
	$(CARGO) build --workspace --bin quorate

test: toolchain controlplane ## All tests
	$(CARGO) test --workspace --no-run
	@$(MAKE) --no-print-directory --keep-going test-crates suites

test-crates: toolchain ## All tests that need no API server
	$(CARGO) test --workspace --no-fail-fast --lib --bins $(or $(addprefix --test ,$(CRATE_TESTS)),$(error no tests found))
	$(CARGO) test --workspace --no-fail-fast --doc

test-cluster: toolchain controlplane ## The tests on a real API server alone; K8S=1.34 for the older one
	$(CARGO) test --workspace --no-run
	@$(MAKE) --no-print-directory suites

# They wait more than they compute: two at a time, and what each prints comes when it has ended.
suites:
	@$(MAKE) --no-print-directory --jobs=2 --output-sync=target --keep-going $(addprefix suite-,$(CLUSTER_TESTS))

suite-%:
	$(CARGO) test --workspace --test $*

# Needs rqlited binaries (CONTRIBUTING.md). Without them the scenarios say SKIPPED and nothing is written.
evidence: export QUORATE_EVIDENCE = $(CURDIR)/target/evidence
evidence: export QUORATE_DRAINS ?= 20
evidence: toolchain controlplane ## Rewrite docs/evidence.md: what is lost without each rule, and that its remedy works
	rm -rf $(QUORATE_EVIDENCE)
	$(CARGO) test --workspace --no-run
	$(CARGO) test --workspace --test evidence -- --nocapture
	"$(BUILT)/write-evidence" $(QUORATE_EVIDENCE) docs/evidence.md

controlplane: ## Build what those tests run on, once, into a cache; minutes, needs Go
	tests/controlplane/build.sh

script-tools: ## What policies in JavaScript and Python are built with, for their tests; needs node and python3
	tests/scripts/tools.sh

fmt: toolchain ## Formatting, checked
	$(CARGO) fmt --all --check

lint: toolchain ## Clippy, and rustdoc of the crates that others build on, warnings refused
	$(CARGO) clippy --workspace --all-targets -- -D warnings
	RUSTDOCFLAGS="-D warnings" $(CARGO) doc --no-deps -p quorate-document -p quorate-contract -p kubernetes -p rqlite -p quorate-certs -p quorate-engine -p quorate-policy

crates: toolchain ## Who imports whom, as ARCHITECTURE.md says
	tests/checks/dependencies.sh

scripts: ## Shell scripts, checked
	command -v shellcheck >/dev/null || { apt-get update && apt-get install --yes shellcheck; }
	git ls-files '*.sh' .ci/run | xargs shellcheck

workflows: ## The workflows of .github, checked; needs Go
	tests/checks/workflows.sh

deny: toolchain ## Licences, bans, sources
	tests/checks/deny.sh licenses bans sources

advisories: toolchain ## Known vulnerabilities of the dependencies; asks their database, so it is no part of CI
	tests/checks/deny.sh advisories

generate: toolchain ## Rewrite docs/rules and what is generated of deploy/; fails if that changed anything
	QUORATE_BLESS=1 $(CARGO) test --workspace --test registry
	tests/checks/generated.sh --write
	git diff --exit-code --stat -- docs/rules deploy

generated: toolchain ## deploy/ is what its sources give, compared
	tests/checks/generated.sh

chart: ## helm lint, the chart's schema and what comes out of it; the Dockerfile
	tests/checks/chart.sh
	tests/checks/dockerfile.sh

packaging: ## What a release packs, made of this build and installed by krew; needs Go
	tests/checks/packaging.sh

sizes: ## Files, modules and documents within their bounds
	tests/checks/sizes.sh

coverage: toolchain ## Line coverage of the domain and the policies; fails under 90 %
	tests/checks/coverage.sh

bench: toolchain ## Calls and requests per second, what a check takes, and what reading a document takes, as ratios within one run
	$(CARGO) bench -p quorate-tests --bench reviews
	$(CARGO) bench -p quorate --bench check
	$(CARGO) bench -p quorate-document --bench parse

bench-cluster: toolchain controlplane ## What the API server measures of its calls to Quorate, beside a constant answer; what a reservation costs; what 10,000 Pods cost in memory
	$(CARGO) build --release -p quorate
	$(CARGO) bench -p quorate-cluster-tests --bench admission --bench evictions --bench memory

toolchain:
	@rustup toolchain install >/dev/null 2>&1 || rustup show active-toolchain
