# Everything lives in this folder: environment, caches, temporary files.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PEERS := .venv-peers
CONSTRAINTS := constraints.txt

export PIP_CACHE_DIR := $(CURDIR)/.cache/pip
export PIP_DISABLE_PIP_VERSION_CHECK := 1
export PIP_CONSTRAINT = $(CONSTRAINTS)
export PIP_BUILD_CONSTRAINT = $(CONSTRAINTS)
export TMPDIR := $(CURDIR)/.tmp

.PHONY: help demo test e2e scale conformance conformance-peers crash check format bench bench-waits bench-imports budget mutation rotation canary test-oldest clean

help: ## this list
	@sed -n 's/^\([a-z0-9-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 14

demo: $(VENV)/.installed ## audit a made-up day through Airflow, on the emulator and a local folder
	@$(BIN)/python scripts/demo.py

# Two at once, by file: rooms share what is dear to start.
test: $(VENV)/.installed ## every test
	$(BIN)/python -m pytest -n 2 --dist loadfile

e2e: $(VENV)/.installed-e2e ## standalone Airflow, and triggerers that die on PostgreSQL: ten minutes
	$(BIN)/python -m pytest -m e2e

scale: .venv-scale/.installed-scale ## eight days of one account on Celery workers that share its quota: four minutes
	@.venv-scale/bin/python -m pytest -q -m scale tests/scale

# CRASHES, SEED and SECONDS change how many kills there are, which, and for how long at most;
# what there was no time for is said last.
crash: $(VENV)/.installed ## exports that are killed, broken and meet, while readers look on: under an hour
	@$(BIN)/python tests/crash $(if $(CRASHES),--crashes $(CRASHES)) $(if $(SEED),--seed $(SEED)) $(if $(SECONDS),--seconds $(SECONDS))

conformance: $(VENV)/.installed ## thousands of hostile answers at every way in: two minutes
	@$(BIN)/python -m pytest -q -m "not e2e" tests/conformance

conformance-peers: $(PEERS)/.installed ## the same answers to the vendor's SDK, HttpOperator and dlt: three minutes
	@$(PEERS)/bin/python tests/conformance/peers.py

rotation: $(VENV)/.installed ## five minutes of an export and a wait with keys that end every five seconds
	@$(BIN)/python -m pytest -q -s -m rotation tests/credentials

check: $(VENV)/.installed ## lint, types, layers
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(VENV)/.installed ## put the code in order
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: $(VENV)/.installed $(PEERS)/.installed ## requests, rows, CPU and memory beside the vendor's SDK, HttpOperator and dlt; what holds us back
	@$(BIN)/python benchmarks/engine.py
	@$(BIN)/python benchmarks/pipeline.py
	@$(BIN)/python benchmarks/limit.py

bench-waits: $(VENV)/.installed ## thousands of waits in Airflow's trigger runner, beside HttpSensorTrigger and sleepers
	@$(BIN)/python benchmarks/waits.py

bench-imports: $(VENV)/.installed ## milliseconds that a DAG file pays for naming our classes
	@$(BIN)/python benchmarks/imports.py

budget: $(VENV)/.installed ## requests a second as they are written, against the quota: ten minutes
	@$(BIN)/python benchmarks/budget.py

canary: $(VENV)/.installed ## planted numbers, texts and secrets are looked for in all that a whole Airflow leaves
	$(BIN)/python -m pytest -m "canary or not canary" tests/privacy

mutation: .venv-mutation/.installed ## what no test would notice, in the judges, the walk, the commit, the budget: half an hour
	@.venv-mutation/bin/python scripts/mutation.py $(ONLY)

test-oldest: ## every test, on the oldest Airflow that is supported
	$(MAKE) test VENV=.venv-oldest CONSTRAINTS=constraints-oldest.txt

clean: ## remove what was made here
	rm -rf .venv .venv-oldest .venv-scale .venv-mutation .mutation .venv-peers .cache .tmp .demo

$(VENV)/.installed: pyproject.toml $(CONSTRAINTS)
	mkdir -p $(TMPDIR)
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet --editable '.[parquet,s3,credentials]' --group dev
	PIP_CONSTRAINT= $(BIN)/python -m pip install --quiet --no-deps --target $(VENV)/pendulum-3.1.0 pendulum==3.1.0
	touch $@

.venv-scale/.installed-scale: pyproject.toml $(CONSTRAINTS)
	$(MAKE) .venv-scale/.installed VENV=.venv-scale
	.venv-scale/bin/python -m pip install --quiet --group e2e --group scale
	touch $@

$(VENV)/.installed-e2e: $(VENV)/.installed
	$(BIN)/python -m pip install --quiet --group e2e
	touch $@

$(PEERS)/.installed: pyproject.toml $(CONSTRAINTS)
	mkdir -p $(TMPDIR)
	$(PYTHON) -m venv $(PEERS)
	$(PEERS)/bin/python -m pip install --quiet --upgrade pip
	$(PEERS)/bin/python -m pip install --quiet --editable . --group peers
	touch $@

# Without Airflow, and without the package: what is mutated is a copy.
.venv-mutation/.installed: pyproject.toml $(CONSTRAINTS)
	mkdir -p $(TMPDIR)
	$(PYTHON) -m venv .venv-mutation
	.venv-mutation/bin/python -m pip install --quiet --upgrade pip
	.venv-mutation/bin/python -m pip install --quiet --group mutation
	touch $@
