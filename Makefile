# `make` alone lists the targets. Everything runs inside .venv of this checkout, which `make build` creates;
# compiled files and downloads are kept outside it, so that a second clone starts from a warm cache.

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help
MAKEFLAGS += --no-builtin-rules

# ---- caches: XDG_CACHE_HOME, CARGO_TARGET_DIR and PYTHON may be set by the caller ----
RASKT_CACHE ?= $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/raskt
ifeq ($(origin CARGO_TARGET_DIR),undefined)
# What the compiler makes is shared by all clones; what is taken from there (the extension) has a folder per clone,
# so that two clones building at once do not hand each other their files.
export CARGO_BUILD_BUILD_DIR := $(RASKT_CACHE)/build
export CARGO_TARGET_DIR := $(RASKT_CACHE)/target-$(shell printf %s '$(CURDIR)' | cksum | cut -d ' ' -f 1)
endif
export CARGO_TERM_COLOR ?= auto

VENV := $(CURDIR)/.venv
PY := $(VENV)/bin/python
PIP := $(PY) -m pip --disable-pip-version-check --quiet
# In CI the lock file is law; while developing, a new dependency may still write it.
LOCKED := $(if $(CI),--locked)
RUST_CRATES := --workspace --exclude raskt-py
EXTENSION := python/raskt/_raskt.abi3.so
RUST_SOURCES := $(shell find crates -type f ! -path '*/tests/*' ! -path '*/benches/*' ! -path '*/examples/*')

.PHONY: help build demo demo-cluster test soak check miri asan bench docs audit clean

help: ## list the targets
	@echo 'usage: make <target>'
	@sed -nE 's/^([a-z-]+):.*## (.*)/  \1|\2/p' Makefile benches/bench.mk | awk -F'|' '{ printf "%-12s %s\n", $$1, $$2 }'

# ---- build ----
build: $(EXTENSION) ## create .venv and install Raskt into it, in release mode

$(EXTENSION): $(RUST_SOURCES) Cargo.toml Cargo.lock pyproject.toml | $(VENV)/.maturin
	PIP_QUIET=1 VIRTUAL_ENV='$(VENV)' $(VENV)/bin/maturin develop --release $(LOCKED)
	@touch $@

$(VENV)/.created:
	@command -v cargo >/dev/null || { echo 'error: cargo is not on PATH; install Rust (rustup.rs)' >&2; exit 1; }
	@tests/make_venv.sh '$(VENV)'
	@touch $@

$(VENV)/.maturin: | $(VENV)/.created
	$(PIP) install 'maturin>=1.9,<2'
	@touch $@

# `raskt[extra]` is satisfied by the checkout that is installed already: pip adds what the extra asks for.
$(VENV)/.extra-%: pyproject.toml | $(EXTENSION)
	$(PIP) install 'raskt[$*]'
	@touch $@

# ---- run ----
demo: build $(VENV)/.extra-demo ## 336,776 real flights: joined dataframes, tables, a cube of delays, JSON lines, pictures in demo-output/
	$(PY) examples/delays.py
	$(PY) examples/flights.py
	$(PY) examples/cube.py
	$(PY) examples/patterns.py
	$(PY) examples/bag_flights.py

demo-cluster: build $(VENV)/.extra-demo ## the dataframes of the demo on a cluster of three processes, of which one is killed midway
	$(PY) examples/cluster.py

test: build $(VENV)/.extra-test ## every test: Rust, Python, documentation, tidy; prints totals
	@tests/get_browser.sh
	$(PY) tests/suite.py $(if $(LOCKED),--locked) rust rust-doc schedules python ship docs tidy

soak: ## the cluster at its largest, and 20,000 seeds of the simulator: time and memory are printed (many minutes)
	cargo run $(LOCKED) --release -p raskt-sim --example soak
	RASKT_SIM_SEEDS=20000 cargo test $(LOCKED) --release -p raskt-sim --test seeds

check: build $(VENV)/.extra-dev check-rust check-python check-docs check-tidy check-licences ## formatting, lints, types, stubs, docs, tidy, licences

.PHONY: check-rust check-python check-docs check-tidy check-licences
check-rust:
	cargo fmt --all --check
	cargo clippy $(LOCKED) --workspace --all-targets -- -D warnings
	cargo clippy $(LOCKED) -p raskt-exec --features shuttle --test interleavings -- -D warnings

check-python: build $(VENV)/.extra-dev
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .
	$(PY) -m mypy --strict python/raskt examples benches tests/suite.py tests/tidy
	cd python && $(PY) -m mypy.stubtest --mypy-config-file ../pyproject.toml --allowlist ../tests/tidy/stubtest.txt raskt._raskt

check-docs: build $(VENV)/.extra-dev
	RUSTDOCFLAGS='-D warnings' cargo doc $(LOCKED) --quiet --no-deps $(RUST_CRATES)
	$(PY) tests/suite.py $(if $(LOCKED),--locked) rust-doc docs

check-tidy: build $(VENV)/.extra-dev
	$(PY) tests/suite.py tidy

check-licences: build $(VENV)/.extra-dev
	$(PY) tests/tidy/licences.py

# The unit tests of crates whose `unsafe` Miri can follow: it knows neither `mmap` nor sockets nor Python.
MIRI_CRATES := -p raskt-core -p raskt-graph -p raskt-expr -p raskt-exec
# What maps memory, starts processes and writes into uninitialised buffers, on real system calls.
ASAN_CRATES := -p raskt-core -p raskt-store -p raskt-exec -p raskt-local -p raskt-array
HOST = $(shell rustc -vV | sed -n 's/^host: //p')

miri: ## Miri over the crates it can run (needs a nightly toolchain with the component miri)
	@cargo +nightly miri --version >/dev/null 2>&1 || { \
	echo 'error: Miri is not there: rustup toolchain install nightly --component miri,rust-src' >&2; exit 1; }
	MIRIFLAGS='-Zmiri-disable-isolation' PROPTEST_CASES=4 \
	cargo +nightly miri test $(LOCKED) --target-dir '$(RASKT_CACHE)/miri' $(MIRI_CRATES) --lib

asan: ## AddressSanitizer over the crates with unsafe code (needs a nightly toolchain)
	@cargo +nightly --version >/dev/null 2>&1 || { \
	echo 'error: there is no nightly toolchain: rustup toolchain install nightly' >&2; exit 1; }
	RUSTFLAGS='-Zsanitizer=address' ASAN_OPTIONS=detect_leaks=0 \
	cargo +nightly test $(LOCKED) --target '$(HOST)' --target-dir '$(RASKT_CACHE)/asan' $(ASAN_CRATES) --lib --tests

audit: build $(VENV)/.extra-dev ## known vulnerabilities of dependencies (needs the network; not part of check)
	$(PIP) install pip-audit
	$(PY) -m pip_audit --skip-editable
	@if command -v cargo-deny >/dev/null; then cargo deny check; \
	else echo 'cargo-deny is not installed: Rust advisories were not checked (cargo install --locked cargo-deny)'; fi

include benches/bench.mk

docs: build $(VENV)/.extra-docs ## the site, with API reference for Python and Rust, in site/
	rm -rf site
	$(PY) -m sphinx --fail-on-warning --keep-going --quiet -j auto -d '$(CARGO_TARGET_DIR)/doctrees' docs site
	cargo doc $(LOCKED) --quiet --no-deps $(RUST_CRATES)
	cp -r '$(CARGO_TARGET_DIR)/doc' site/rust
	@echo 'open site/index.html'

clean: ## remove what was built for this checkout (the caches outside stay)
	rm -rf .venv .venv-bench site demo-output screenshots dist docs/reference $(EXTENSION) .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -not -path './.git/*' -prune -exec rm -rf {} +
