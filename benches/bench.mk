# Comparisons, in an environment of their own: the wheel that users get, beside Dask and the other peers.
# BENCH_CASES and BENCH_PAIRS may be set by the caller: make bench BENCH_CASES=delayed_tree BENCH_PAIRS=9

BENCH_VENV := $(CURDIR)/.venv-bench
BENCH_PY := $(BENCH_VENV)/bin/python
BENCH_CASES ?= delayed_tree processes_tasks
BENCH_PAIRS ?= 5
COMPARE ?= ../shared/bench/compare.py
RUST_BENCHES := $(wildcard crates/*/benches/*.rs)
PYTHON_BENCHES := $(filter-out benches/_% benches/sweep.py,$(wildcard benches/*.py))
ORDER_BENCH := benches/order_vs_dask/compare.py

.PHONY: bench-compare bench-rust bench-python bench-sweep bench-readme

bench: bench-compare bench-rust bench-python ## the comparison with Dask and the project's own benches

$(BENCH_VENV)/.created: benches/requirements.txt
	@tests/make_venv.sh '$(BENCH_VENV)'
	$(BENCH_PY) -m pip --disable-pip-version-check install --quiet --prefer-binary -r benches/requirements.txt
	@touch $@

$(BENCH_VENV)/.raskt: $(EXTENSION) $(shell find python -name '*.py' -o -name '*.pyi' -o -name '*.yaml') $(BENCH_VENV)/.created
	rm -rf '$(BENCH_VENV)/wheels'
	$(VENV)/bin/maturin build --release $(LOCKED) --interpreter '$(BENCH_PY)' --out '$(BENCH_VENV)/wheels'
	$(BENCH_PY) -m pip --disable-pip-version-check install --quiet --force-reinstall --no-deps '$(BENCH_VENV)'/wheels/raskt-*.whl
	@touch $@

bench-compare: $(BENCH_VENV)/.raskt
	@if [ -f '$(COMPARE)' ]; then $(BENCH_PY) '$(COMPARE)' $(BENCH_CASES) --pairs $(BENCH_PAIRS); \
	else echo 'no $(COMPARE) beside this checkout: the comparison with Dask is left out'; fi

bench-sweep: $(BENCH_VENV)/.raskt ## every operation beside Dask and NumPy: writes docs/speed.md; SWEEP=--quick takes less time
	OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 $(BENCH_PY) benches/sweep.py $(SWEEP) --write docs/speed.md

bench-rust:
	@for file in $(RUST_BENCHES); do \
	  crate=$$(basename "$$(dirname "$$(dirname "$$file")")"); name=$$(basename "$$file" .rs); \
	  echo "== $$crate: $$name"; cargo bench $(LOCKED) --quiet -p "$$crate" --bench "$$name"; \
	done

bench-python: $(BENCH_VENV)/.raskt
	@missed=; for file in $(PYTHON_BENCHES) $(ORDER_BENCH); do \
	  echo "== $$file"; $(BENCH_PY) "$$file" || missed="$$missed $$file"; \
	done; \
	if [ -n "$$missed" ]; then echo "targets missed in:$$missed"; exit 1; fi

bench-readme: $(BENCH_VENV)/.raskt ## measure the six figures of README and write them into it
	$(BENCH_PY) benches/headline.py --write
