# `make help` lists the targets. Each sets up what it needs; the next one finds it there.

PYTHON ?= python3

export PIP_DISABLE_PIP_VERSION_CHECK := 1
export PIP_NO_INPUT := 1

BIN := .venv/bin
TAP := .venv/.tap
PLUGINS := .meltano/.installed
DBT := .meltano/utilities/.installed

.DEFAULT_GOAL := help
.PHONY: help demo orchestrate test lint types audit tests check docs tutorial meltano bench soak format lock setup clean chromium

help: ## This list
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "%-11s %s\n", $$1, $$2}' Makefile

demo: $(TAP) $(PLUGINS) ## Both upstreams, Meltano and PostgreSQL on this machine: two runs, and what they loaded
	$(BIN)/python -m demo

test: lint types audit tests demo check docs tutorial ## Everything that has to pass

lint: $(TAP) ## Style and format
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(TAP) ## Static types
	$(BIN)/mypy
	$(BIN)/mypy tests/tap/*.py
	$(BIN)/mypy tests/unit/*.py

audit: $(TAP) ## Dependencies: declared, used, and without a known vulnerability
	$(BIN)/deptry --no-ansi tap_purchase_orders
	cd examples/plug-ins && ../../$(BIN)/deptry --no-ansi .
	$(BIN)/python constraints/audit.py

tests: $(TAP) $(PLUGINS) .venv-dbt/.installed .venv-docs/.installed chromium .venv-airflow/.installed ## The test suite
	$(BIN)/pytest -n auto --dist loadfile --ignore=tests/docs/test_tutorial.py

# For the tests of the report. Where it cannot be had, they are skipped.
chromium:
	@test -x /usr/bin/chromium || { \
	  test "$$(id -u)" = 0 && command -v apt-get >/dev/null \
	  && apt-get update -qq && apt-get install -qq -y --no-install-recommends chromium >/dev/null; } \
	|| echo "The report is not looked at: install Chromium, and let CHROMIUM name it."

orchestrate: $(TAP) $(PLUGINS) $(DBT) .venv-airflow/.installed ## Airflow with two workers, one of which is killed midway: what becomes of it
	$(BIN)/python -m orchestrate.demo

check: demo .venv-checker/.installed ## The demo's Singer messages, read by another's checker
	.venv-checker/bin/singer-check-tap < .demo/messages.jsonl

docs: export NO_MKDOCS_2_WARNING := 1
docs: .venv-docs/.installed ## The documentation site, into site/
	.venv-docs/bin/mkdocs build --strict

tutorial: $(TAP) ## What docs/tutorial.md says, done in a fresh clone
	$(BIN)/pytest --quiet tests/docs/test_tutorial.py

meltano: export UV_BUILD_CONSTRAINT := constraints/dev.txt
meltano: $(TAP) .venv-meltano/.installed ## Meltano, with all plugins of meltano.yml
	.venv-meltano/bin/meltano --log-level=warning install

bench: $(TAP) .venv-bench/.installed ## What an order costs, against others
	$(BIN)/python -m benchmarks

# The first of them are among `make tests`. RESULTS=yes writes the figures of the page.
SEEDS ?= 200
FIRST ?= 1
WORKERS ?= 2
RESULTS ?=
soak: $(TAP) $(PLUGINS) ## Histories of runs with faults, kills and changes: is the warehouse right?
	@status=0; \
	$(BIN)/python -m tests.soak --seeds $(SEEDS) --first $(FIRST) --workers $(WORKERS) $(if $(RESULTS),--results) || status=$$?; \
	$(if $(RESULTS),$(BIN)/python docs/generate_reliability.py &&) exit $$status

format: $(TAP) ## Put the code into its format
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

setup: $(TAP) $(PLUGINS) .venv-checker/.installed .venv-dbt/.installed .venv-airflow/.installed ## All environments

clean: ## Remove environments, caches and the demo's files; Meltano's own database stays
	rm -rf .venv .venv-* .meltano/extractors .meltano/loaders .meltano/utilities $(PLUGINS) .demo .orchestrate .tutorial site
	rm -rf .cache .hypothesis .mypy_cache .pytest_cache .ruff_cache build dist

# Third-party packages come in the locked versions, every file checked against its hash.
# An environment is made anew when its lock changes, so that nothing unlocked lingers. A
# lock is complete: pip need not look for what is missing, which for some extras it
# thinks is all of a package.
.venv/.installed: constraints/dev.txt
.venv-airflow/.installed: constraints/airflow.txt
.venv-meltano/.installed: constraints/meltano.txt
.venv-bench/.installed: constraints/bench.txt
.venv-checker/.installed: constraints/checker.txt
.venv-dbt/.installed: constraints/dbt.txt
.venv-docs/.installed: constraints/docs.txt

.venv/.installed .venv-airflow/.installed .venv-meltano/.installed .venv-bench/.installed .venv-checker/.installed .venv-dbt/.installed .venv-docs/.installed:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed; to name one: make PYTHON=python3.12 ...")'
	$(PYTHON) -m venv --clear $(@D)
	$(@D)/bin/python -m pip install -qq --require-hashes --no-deps -r $<
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

$(DBT): .venv-meltano/.installed constraints/dbt.txt
	.venv-meltano/bin/meltano --log-level=warning install dbt
	@touch $@

# One resolution for every Python and platform. UPGRADE=--upgrade takes newer versions.
UPGRADE ?=
COMPILE = .venv-lock/bin/uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --no-strip-extras $(UPGRADE)

lock: .venv-lock/bin/uv ## Write constraints/ anew from pyproject.toml
	$(COMPILE) pyproject.toml --extra azure --extra postgres --extra report --extra sandbox --group dev -o constraints/dev.txt
	$(COMPILE) pyproject.toml -c constraints/dev.txt -o constraints/tap.txt
	$(COMPILE) --group bench -c constraints/dev.txt -o constraints/bench.txt
	for group in airflow checker dbt docs meltano target-jsonl target-postgres; do \
	  $(COMPILE) --group $$group -o constraints/$$group.txt || exit; \
	done

.venv-lock/bin/uv:
	$(PYTHON) -m venv --clear .venv-lock
	.venv-lock/bin/python -m pip install -qq uv
