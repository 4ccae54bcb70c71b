# `make help` lists the targets. Each sets up what it needs; the next one finds it there.

PYTHON ?= python3

export PIP_DISABLE_PIP_VERSION_CHECK := 1
export PIP_NO_INPUT := 1

BIN := .venv/bin
TAP := .venv/.tap
PLUGINS := .meltano/.installed

.DEFAULT_GOAL := help
.PHONY: help demo test lint types audit tests check bench format lock setup clean

help: ## This list
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "%-8s %s\n", $$1, $$2}' Makefile

demo: $(TAP) $(PLUGINS) ## Both upstreams, Meltano and PostgreSQL on this machine: two runs, and what they loaded
	$(BIN)/python -m demo

test: lint types audit tests demo check ## Everything that has to pass

lint: $(TAP) ## Style and format
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(TAP) ## Static types
	$(BIN)/mypy
	$(BIN)/mypy tests/e2e/*.py
	$(BIN)/mypy tests/unit/*.py

audit: $(TAP) ## Dependencies: declared, used, and without a known vulnerability
	$(BIN)/deptry --no-ansi tap_purchase_orders
	cd examples/plug-ins && ../../$(BIN)/deptry --no-ansi .
	$(BIN)/python constraints/audit.py

tests: $(TAP) $(PLUGINS) .venv-dbt/.installed ## The test suite
	$(BIN)/pytest -n auto --dist loadfile

check: demo .venv-checker/.installed ## The demo's Singer messages, read by another's checker
	.venv-checker/bin/singer-check-tap < .demo/messages.jsonl

bench: $(TAP) .venv-bench/.installed ## What an order costs, against others
	$(BIN)/python -m benchmarks

format: $(TAP) ## Put the code into its format
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

setup: $(TAP) $(PLUGINS) .venv-checker/.installed .venv-dbt/.installed ## All environments

clean: ## Remove environments, caches and the demo's files; Meltano's own database stays
	rm -rf .venv .venv-* .meltano/extractors .meltano/loaders $(PLUGINS) .demo
	rm -rf .cache .hypothesis .mypy_cache .pytest_cache .ruff_cache build dist

# Third-party packages come in the locked versions, every file checked against its hash.
# An environment is made anew when its lock changes, so that nothing unlocked lingers.
.venv/.installed: constraints/dev.txt
.venv-meltano/.installed: constraints/meltano.txt
.venv-bench/.installed: constraints/bench.txt
.venv-checker/.installed: constraints/checker.txt
.venv-dbt/.installed: constraints/dbt.txt

.venv/.installed .venv-meltano/.installed .venv-bench/.installed .venv-checker/.installed .venv-dbt/.installed:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed; to name one: make PYTHON=python3.12 ...")'
	$(PYTHON) -m venv --clear $(@D)
	$(@D)/bin/python -m pip install -qq --require-hashes -r $<
	@touch $@

$(TAP): pyproject.toml .venv/.installed
	$(BIN)/python -m pip install -qq --no-deps --no-build-isolation --editable .
	$(BIN)/python -m pip check
	@touch $@

# The plugins' locks are named in meltano.yml; this one is for building the tap.
$(PLUGINS): export UV_BUILD_CONSTRAINT := constraints/dev.txt
$(PLUGINS): .venv-meltano/.installed meltano.yml pyproject.toml constraints/tap.txt constraints/target-postgres.txt
	.venv-meltano/bin/meltano --log-level=warning install tap-purchase-orders target-postgres
	@touch $@

# One resolution for every Python and platform. UPGRADE=--upgrade takes newer versions.
UPGRADE ?=
COMPILE = .venv-lock/bin/uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --no-strip-extras $(UPGRADE)

lock: .venv-lock/bin/uv ## Write constraints/ anew from pyproject.toml
	$(COMPILE) pyproject.toml --extra azure --extra postgres --extra sandbox --group dev -o constraints/dev.txt
	$(COMPILE) pyproject.toml -c constraints/dev.txt -o constraints/tap.txt
	$(COMPILE) --group bench -c constraints/dev.txt -o constraints/bench.txt
	for group in meltano target-postgres target-jsonl checker dbt; do \
	  $(COMPILE) --group $$group -o constraints/$$group.txt || exit; \
	done

.venv-lock/bin/uv:
	$(PYTHON) -m venv --clear .venv-lock
	.venv-lock/bin/python -m pip install -qq uv
