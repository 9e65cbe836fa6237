# Everything lives in this folder: environment, caches, temporary files.
# Debian's own Python where there is one that can do it, so that what passes here passes on a stock machine.
PYTHON ?= $(shell /usr/bin/python3 -c 'import ensurepip, sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && test -f /etc/debian_version && echo /usr/bin/python3 || echo python3)
VENV := .venv
BIN := $(VENV)/bin
PEERS := .venv-peers
TOOLS := .venv-tools
# The name of an environment says which pins are in it.
CONSTRAINTS := $(if $(filter %.venv-oldest,$(VENV)),constraints-oldest.txt,constraints.txt)

export PIP_CACHE_DIR := $(CURDIR)/.cache/pip
export PIP_DISABLE_PIP_VERSION_CHECK := 1
export PIP_CONSTRAINT = $(CONSTRAINTS)
export PIP_BUILD_CONSTRAINT = $(CONSTRAINTS)
export TMPDIR := $(CURDIR)/.tmp
export UV_CACHE_DIR := $(CURDIR)/.cache/uv
export UV_SYSTEM_CERTS := 1
# With it each process would compile anew what it imports, and pytest every test.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help demo airflow docs release licences test unit test-python browser lock lock-check install-check e2e scale chaos conformance conformance-peers crash check format bench bench-archive bench-waits bench-imports bench-catch-up bench-check bench-refresh bench-receipts budget mutation rotation canary test-oldest clean

help: ## this list
	@sed -n 's/^\([a-z0-9-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 14

demo: $(VENV)/.installed-demo ## audit a generated day through Airflow, against the emulator and a local folder
	@$(BIN)/python scripts/demo.py

airflow: $(VENV)/.installed-demo ## Airflow in a browser, with the example DAGs and thirty days of messages, until Ctrl-C
	@PYTHONPATH=tests $(BIN)/python scripts/try_airflow.py

# Two workers, by file: tests of a file share what takes long to start. The files are run in the order in which
# tests/conftest.py sorts them.
WORKERS := -n 2 --dist loadfile --no-loadscope-reorder

test: $(VENV)/.installed ## every test
	$(BIN)/python -m pytest $(WORKERS)

# No test of the folders that are ignored is fast, and collecting them takes a third of the time.
unit: $(VENV)/.installed ## the fast tests, without an emulator, a store or an Airflow: a minute
	@$(BIN)/python -m pytest -q $(WORKERS) $(addprefix --ignore=tests/,conformance crash e2e scale chaos) -m "not ($(SLOW))"

SLOW := slow or e2e or scale or chaos or conformance or canary or rotation or browser

# What needs Celery has an environment of its own.
e2e: $(VENV)/.installed-e2e .venv-scale/.installed-scale ## standalone Airflow, two triggerers that are killed, and a short form of `make chaos`: half an hour
	$(BIN)/python -m pytest -m e2e
	.venv-scale/bin/python -m pytest -m chaos tests/chaos

browser: $(VENV)/.installed-browser ## the connection form, links, task pages, delivery report and sending details in Chromium; screenshots in .artifacts: six minutes
	$(BIN)/python -m pytest -m browser tests/browser

scale: .venv-scale/.installed-scale ## eight days of one account on Celery workers that share its quota: four minutes
	@.venv-scale/bin/python -m pytest -q -m scale tests/scale

# SEED changes what goes wrong and when, MINUTES for how long; DAYS, MESSAGES, WAITS and SENDS how much work there is.
chaos: .venv-scale/.installed-scale ## catch-up, waits and sends while workers, triggerers, scheduler and service fail: thirty minutes and more
	@PYTHONPATH=tests .venv-scale/bin/python -m support.chaos $(foreach option,SEED MINUTES DAYS MESSAGES WAITS SENDS,$(if $($(option)),--$(shell echo $(option) | tr A-Z a-z) $($(option))))

# CRASHES, SEED and SECONDS change how many kills there are, which, and for how long at most;
# the last line says what was left out for lack of time.
crash: $(VENV)/.installed ## kill and break exports, sends, erasures and expiries, with concurrent writers and readers: at most two hours
	@PYTHONPATH=tests $(BIN)/python -m support.crash $(if $(CRASHES),--crashes $(CRASHES)) $(if $(SEED),--seed $(SEED)) $(if $(SECONDS),--seconds $(SECONDS))

conformance: $(VENV)/.installed ## thousands of hostile responses to every public class: three minutes
	@$(BIN)/python -m pytest -q -m "not e2e" tests/conformance

conformance-peers: $(PEERS)/.installed ## the same responses to the vendor's SDK, HttpOperator and dlt: three minutes
	@PYTHONPATH=tests $(PEERS)/bin/python -m support.conformance.peers

rotation: $(VENV)/.installed ## an export and a wait with credentials that expire every five seconds: five minutes
	@$(BIN)/python -m pytest -q -s -m rotation tests/credentials

# Types are those of the newest packages: older ones have other annotations, and mypy is not installed with them.
check: $(VENV)/.installed ## lint, layers, plain English, and types on the newest set
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports
	$(BIN)/python scripts/check_english.py
ifeq ($(CONSTRAINTS),constraints.txt)
	$(BIN)/mypy
endif

format: $(VENV)/.installed ## put the code in order
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: $(VENV)/.installed $(PEERS)/.installed ## requests, rows, CPU and memory, compared with the vendor's SDK, HttpOperator and dlt; where the limit is
	@$(BIN)/python benchmarks/engine.py
	@$(BIN)/python benchmarks/pipeline.py
	@$(BIN)/python benchmarks/limit.py

bench-waits: $(VENV)/.installed ## thousands of waits in Airflow's trigger runner, compared with HttpSensorTrigger and sleeping triggers
	@$(BIN)/python benchmarks/waits.py

bench-imports: $(VENV)/.installed ## milliseconds that a DAG file pays for naming our classes
	@$(BIN)/python benchmarks/imports.py

bench-catch-up: $(VENV)/.installed ## a catch-up over thirty days, with a year of manifests, in a folder and on S3: seconds
	@$(BIN)/python benchmarks/catch_up.py

bench-refresh: $(VENV)/.installed ## a day of 1,000,000 lines of which 2 % are open, exported again: requests, CPU, memory; five minutes
	@$(BIN)/python benchmarks/refresh.py

bench-check: $(VENV)/.installed ## false alarms of the delivery check on 500 simulated days, and how many of 100 bad days it finds: half a minute
	@PYTHONPATH=tests $(BIN)/python benchmarks/check.py

bench-archive: $(VENV)/.installed-bench-archive ## searches of 60 days of a million messages, compared with pandas and pyarrow; makes 1.6 GB in .cache once
	@$(BIN)/python benchmarks/archive.py

bench-receipts: $(VENV)/.installed-bench-archive ## receipts joined to a send log, up to a million of each, compared with pandas: five minutes
	@$(BIN)/python benchmarks/receipts.py

budget: $(VENV)/.installed ## requests per second that are sent, against the quota: ten minutes
	@$(BIN)/python benchmarks/budget.py

# Without network: links to pages elsewhere are listed, not followed.
docs: $(VENV)/.installed ## the pages for a browser, in .artifacts/docs; every warning is an error
	@$(BIN)/python -m sphinx --fail-on-warning --keep-going --fresh-env --quiet docs .artifacts/docs
	@echo "The pages are in .artifacts/docs/index.html; the links to pages elsewhere, in .artifacts/docs/external-links.txt."

release: $(TOOLS)/.installed ## wheel and source archive, the same bytes twice, tried in new environments; SBOM and licences: ten minutes
	@$(TOOLS)/bin/python scripts/release.py

licences: $(VENV)/.installed ## the licence of every package that an installation with all extras brings
	@$(BIN)/python scripts/licences.py

canary: $(VENV)/.installed ## search everything that a whole Airflow writes for planted numbers, texts and secrets
	$(BIN)/python -m pytest -m "canary or not canary" tests/privacy

mutation: .venv-mutation/.installed ## code changes that no test notices, in judging, pagination, commit and rate limit: half an hour (ONLY=pagination: one module)
	@.venv-mutation/bin/python scripts/mutation.py $(ONLY)

test-oldest: ## every test, on the oldest Airflow that is supported
	$(MAKE) test VENV=.venv-oldest

test-python: ## every test, on another Python: make test-python PYTHON=python3.13
	$(MAKE) test VENV=.venv-$(shell $(PYTHON) -c 'import sys; print("python%d.%d" % sys.version_info[:2])')

# Pins stay as they are while they fit; UPGRADE=1 takes the newest of everything.
lock: $(TOOLS)/.installed ## write the pins, for every Python that is supported
	$(COMPILE) --group scale --group browser --group peers --group mutation --group types --group bench-archive -o constraints.txt $(if $(UPGRADE),--upgrade)
	$(COMPILE) --group oldest --group browser --exclude-newer 2026-06-06 -o constraints-oldest.txt

COMPILE := $(TOOLS)/bin/uv pip compile pyproject.toml --quiet --universal --python-version 3.11 --no-annotate \
	--custom-compile-command 'make lock' --all-extras --group dev --group e2e --group lock

lock-check: $(TOOLS)/.installed ## every pin fits each Python; without pins, the oldest and the newest packages do
	@$(TOOLS)/bin/python scripts/lock_check.py

install-check: ## what users type, without our pins: pip must end within two minutes; a quarter of an hour
	@mkdir -p $(TMPDIR)
	@$(PYTHON) scripts/install_check.py

clean: ## remove what was made here
	rm -rf .venv .venv-* .mutation .cache .tmp .demo .airflow .artifacts dist

# An environment that an interrupted install left behind is made again; one that is there keeps its Python.
define new-environment
@mkdir -p $(TMPDIR)
$(if $(wildcard $(1)/.installed*),,@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed; name one: make PYTHON=python3.13")'
@echo "Making $(1) with $$($(PYTHON) --version)."
@$(PYTHON) -m venv --clear $(1)
@$(1)/bin/python -m pip install --quiet --upgrade pip)
endef

$(TOOLS)/.installed: pyproject.toml constraints.txt
	$(call new-environment,$(TOOLS))
	@$(TOOLS)/bin/python -m pip install --quiet uv hatchling cyclonedx-bom
	@touch $@

# An environment grows in two steps: what the demo needs, then the rest, for tests.
$(VENV)/.installed-demo: pyproject.toml $(CONSTRAINTS)
	$(call new-environment,$(VENV))
	@$(BIN)/python scripts/install.py "what the demo needs: Airflow, pyarrow, duckdb" --editable '.[archive,parquet]'
	@touch $@

$(VENV)/.installed: $(VENV)/.installed-demo
	@$(BIN)/python scripts/install.py "what the tests need: all extras, AWS, the vendor's SDKs" \
		--editable '.[archive,parquet,s3,oss,credentials]' --group dev $(if $(filter constraints.txt,$(CONSTRAINTS)),--group types)
	@PIP_CONSTRAINT= $(BIN)/python -m pip install --quiet --upgrade --no-deps --target $(VENV)/pendulum-3.1.0 pendulum==3.1.0
	@touch $@

.venv-scale/.installed-scale: pyproject.toml $(CONSTRAINTS)
	$(MAKE) .venv-scale/.installed VENV=.venv-scale
	.venv-scale/bin/python -m pip install --quiet --group e2e --group scale
	touch $@

$(VENV)/.installed-e2e: $(VENV)/.installed
	$(BIN)/python -m pip install --quiet --group e2e
	touch $@

$(VENV)/.installed-bench-archive: $(VENV)/.installed
	$(BIN)/python -m pip install --quiet --group bench-archive
	touch $@

$(VENV)/.installed-browser: $(VENV)/.installed
	$(BIN)/python -m pip install --quiet --group browser
	touch $@

$(PEERS)/.installed: pyproject.toml $(CONSTRAINTS)
	$(call new-environment,$(PEERS))
	$(PEERS)/bin/python -m pip install --quiet --editable . --group peers
	touch $@

# Without Airflow, and without the package: what is mutated is a copy.
.venv-mutation/.installed: pyproject.toml $(CONSTRAINTS)
	$(call new-environment,.venv-mutation)
	.venv-mutation/bin/python -m pip install --quiet --group mutation
	touch $@
