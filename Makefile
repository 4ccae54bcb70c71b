# `make help` lists the targets. Each sets up what it needs; the next one finds it there.

PYTHON ?= python3

export PIP_DISABLE_PIP_VERSION_CHECK := 1
export PIP_NO_INPUT := 1
# Meltano installs plugins with uv, which leaves out byte code: each start would compile
# anew where it cannot be written.
export UV_COMPILE_BYTECODE := 1

BIN := .venv/bin
TAP := .venv/.tap
PLUGINS := .meltano/.installed
JSON_LOADER := .meltano/loaders/.installed-json
DBT := .meltano/utilities/.installed

.DEFAULT_GOAL := help
# Every target whose name has no dot or slash is a command, not a file.
.PHONY: $(shell sed -n 's/^\([a-z-]*\):.*/\1/p' $(firstword $(MAKEFILE_LIST)))

help: ## This list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "%-11s %s\n", $$1, $$2}' Makefile

demo: $(TAP) $(PLUGINS) ## Both upstreams, Meltano and PostgreSQL on this machine: two runs, and what they loaded
	$(BIN)/python -m demo

test: lint types audit tests demo check docs tutorial ## Everything that has to pass

lint: $(TAP) ## Style, format, and which layer may import which
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports --no-cache --no-logo

unit: $(TAP) ## The quick round: style, types and unit tests
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/pytest -q -n auto tests/unit

types: $(TAP) ## Static types
	$(BIN)/mypy

audit: $(TAP) ## Dependencies: declared, used, and without a known vulnerability
	$(BIN)/deptry --no-ansi tap_purchase_orders
	cd examples/plug-ins && ../../$(BIN)/deptry --no-ansi .
	$(BIN)/python constraints/audit.py

# Each has a target of its own.
APART := $(addprefix --ignore=tests/,docs/test_tutorial.py clients superset)
tests: $(TAP) $(PLUGINS) $(JSON_LOADER) .venv-dbt/.installed .venv-duckdb/.installed .venv-docs/.installed chromium mariadb .venv-airflow/.installed ## The test suite
	$(BIN)/pytest -n auto --dist loadfile $(APART)

# FUZZ_SECONDS=60 is shorter; what failed is made again by the FUZZ_SEED that it names.
FUZZ_SECONDS ?= 600
FUZZ_SEED ?= $(shell date +%s)
fuzz: readings ## Mutated documented payloads through the readers, for ten minutes
	FUZZ_SECONDS=$(FUZZ_SECONDS) FUZZ_SEED=$(FUZZ_SEED) $(BIN)/pytest tests/unit/test_mutated_payloads.py

readings: $(TAP) ## The same, in one go and field by field: the same bytes?
	FUZZ_SECONDS=$(FUZZ_SECONDS) FUZZ_SEED=$(FUZZ_SEED) $(BIN)/pytest tests/unit/test_two_readings.py

# SAMPLE=100 tries so many, by chance; 0 tries all, which takes hours.
SAMPLE ?= 0
mutation: $(TAP) ## Changes of the code that reads and decides: do the tests notice?
	$(BIN)/python -u -m tests.mutation --sample $(SAMPLE)

# What pyproject.toml allows: the lowest and the highest versions on each Python. With
# pyenv, PYENV_VERSION has to name the three.
ALLOWED ?= $(foreach python,3.11 3.12 3.13,$(python)-lowest-direct $(python)-highest)
COMPATIBILITY_TESTS ?= tests
compatibility: $(addprefix compatibility-,$(ALLOWED)) ## The tests on each Python, with the lowest and the highest dependencies

compatibility-%: UV = .venv-lock/bin/uv pip install -q --python .venv-compatibility/$*
compatibility-%: .venv-lock/bin/uv
	.venv-lock/bin/uv venv -q --clear --python python$(firstword $(subst -, ,$*)) .venv-compatibility/$*
	$(UV) --resolution $(subst $(firstword $(subst -, ,$*))-,,$*) -r pyproject.toml $(DEV_EXTRAS:%=--extra %) --editable .
	$(UV) --group dev
	.venv-compatibility/$*/bin/pytest -p no:anyio -n auto --dist loadfile $(APART) $(COMPATIBILITY_TESTS)

clients: $(TAP) .venv-clients/.installed ## Other people's clients of the two upstreams, against the sandbox
	$(BIN)/pytest tests/clients

superset: $(TAP) $(PLUGINS) .venv-dbt/.installed .venv-superset/.installed chromium ## The dashboard for Superset, imported and shown by Superset
	$(BIN)/pytest tests/superset

# Packages of Debian, where that may be.
debian = { test "$$(id -u)" = 0 && command -v apt-get >/dev/null \
	  && apt-get update -qq && apt-get install -qq -y --no-install-recommends $(1) >/dev/null; }

# For the tests of the report. Where it cannot be had, they are skipped.
chromium:
	@test -x /usr/bin/chromium || $(call debian,chromium) \
	|| echo "The report is not looked at: install Chromium, and let CHROMIUM name it."

# For the tests of the number source `sql`. Where it cannot be had, they are skipped.
mariadb:
	@test -x /usr/sbin/mariadbd -a -x /usr/bin/my_print_defaults \
	|| $(call debian,mariadb-server-core mariadb-client-core) \
	|| echo "MariaDB is not asked for numbers: install mariadb-server."

orchestrate: $(TAP) $(PLUGINS) $(DBT) .venv-airflow/.installed ## Airflow with two workers, one of which is killed midway: what becomes of it
	$(BIN)/python -m orchestrate.demo

check: demo .venv-checker/.installed ## What README shows of the demo; its Singer messages, read by another's checker
	$(BIN)/python -m tests.docs.demo_block
	.venv-checker/bin/singer-check-tap < .demo/messages.jsonl

docs: export NO_MKDOCS_2_WARNING := 1
docs: .venv-docs/.installed ## The documentation site, into site/
	.venv-docs/bin/mkdocs build --strict

tutorial: $(TAP) ## What docs/tutorial.md says, done in a fresh clone
	$(BIN)/pytest --quiet tests/docs/test_tutorial.py

# PYTHON=python3.13 is what `python3` is then; LONG=--long pastes what takes minutes, too;
# PAGES="README.md docs/tutorial.md" are the only ones then.
paste: $(TAP) ## Every shell block of the documents, pasted in a fresh clone
	$(BIN)/python -u -m tests.docs.paste --python $(PYTHON) $(LONG) $(PAGES)

meltano: export UV_BUILD_CONSTRAINT := constraints/dev.txt
meltano: $(TAP) .venv-meltano/.installed ## Meltano, with all plugins of meltano.yml
	.venv-meltano/bin/meltano --log-level=warning install

bench: $(TAP) .venv-bench/.installed .venv-before/.installed $(PLUGINS) $(JSON_LOADER) ## What an order costs, against others
	$(BIN)/python -m benchmarks
	$(BIN)/python -m benchmarks.cliffs --results benchmarks/results
	$(BIN)/python -m benchmarks.starts
	$(BIN)/python -m benchmarks.pipeline

column-types: $(TAP) ## What loaders for Snowflake and BigQuery make of numbers, by their own code
	docs/column_types.sh $(BIN)/tap-purchase-orders

# The first of them are among `make tests`. RESULTS=yes writes the figures of the page.
SEEDS ?= 200
FIRST ?= 1
WORKERS ?= 2
RESULTS ?=
soak: $(TAP) $(PLUGINS) readings ## Histories of runs with faults, kills and changes: is the warehouse right?
	@status=0; \
	$(BIN)/python -m tests.soak --seeds $(SEEDS) --first $(FIRST) --workers $(WORKERS) $(if $(RESULTS),--results) || status=$$?; \
	$(if $(RESULTS),$(BIN)/python docs/generate_reliability.py &&) exit $$status

# The loaders for MySQL compile their driver.
mysql-headers:
	@pkg-config --exists libmariadb || $(call debian,gcc libmariadb-dev pkg-config) \
	|| { echo "The loaders for MySQL are not built: install libmariadb-dev."; exit 1; }

loaders: $(TAP) .venv-meltano/.installed mysql-headers ## What each loader keeps, into docs/loaders.md
	$(BIN)/python -m benchmarks.loaders

format: $(TAP) ## Put the code into its format
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

# What follows from the settings, the schemas and the code. Runs against the sandbox are
# recorded by docs/generate_examples.py and docs/generate_session.py.
generated: $(TAP) ## All tables, pages and models that are written from the code
	for page in README.md docs/troubleshooting.md docs/explanation/speed.md docs/explanation/quotas.md; do \
	  $(BIN)/python docs/generate.py $$page || exit; done
	for script in docs/generate_reference.py docs/generate_hub.py docs/generate_picture.py \
	    docs/generate_reliability.py docs/recipes/generate_comments.py \
	    transform/generate_staging.py transform/duckdb/generate_tables.py; do \
	  $(BIN)/python $$script || exit; done

setup: $(TAP) $(PLUGINS) .venv-checker/.installed .venv-dbt/.installed .venv-duckdb/.installed .venv-airflow/.installed ## All environments

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
.venv-duckdb/.installed: constraints/duckdb.txt
.venv-superset/.installed: tests/superset/python.txt

.venv/.installed .venv-airflow/.installed .venv-meltano/.installed .venv-bench/.installed .venv-checker/.installed .venv-dbt/.installed .venv-docs/.installed .venv-duckdb/.installed .venv-superset/.installed:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed; to name one: make PYTHON=python3.12 ...")'
	$(PYTHON) -m venv --clear $(@D)
	$(@D)/bin/python -m pip install -qq --require-hashes --no-deps -r $<
	@touch $@

# The second half is for Node.js 20 or newer; nothing that its packages bring is run here.
.venv-clients/.installed: tests/clients/python.txt tests/clients/package-lock.json
	@command -v npm >/dev/null || { echo "npm (Node.js 20 or newer) is needed"; exit 1; }
	$(PYTHON) -m venv --clear $(@D)
	$(@D)/bin/python -m pip install -qq --require-hashes --no-deps -r $<
	mkdir $(@D)/node
	cp tests/clients/package.json tests/clients/package-lock.json $(@D)/node
	npm ci --prefix $(@D)/node --silent --ignore-scripts --no-audit --no-fund
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

$(JSON_LOADER): .venv-meltano/.installed constraints/target-postgres.txt $(wildcard loaders/target-postgres-json/*)
	.venv-meltano/bin/meltano --log-level=warning install target-postgres-json
	@touch $@

# The build that the benchmark of the pipeline compares with; a clone without history has
# none, and the benchmark goes without.
BEFORE := 19e9b77
.venv-before/.installed: $(TAP)
	$(PYTHON) -m venv --clear $(@D)
	rm -rf .cache/before && mkdir -p .cache/before
	if git cat-file -e $(BEFORE) 2>/dev/null; then \
	  git archive $(BEFORE) | tar -x -C .cache/before \
	  && $(@D)/bin/python -m pip install -qq --require-hashes --no-deps -r .cache/before/constraints/tap.txt \
	  && $(BIN)/python -m pip wheel -qq --no-deps --no-build-isolation -w .cache/before/dist .cache/before \
	  && $(@D)/bin/python -m pip install -qq --no-deps .cache/before/dist/*.whl; \
	fi
	@touch $@

$(DBT): .venv-meltano/.installed constraints/dbt.txt
	.venv-meltano/bin/meltano --log-level=warning install dbt
	@touch $@

# One resolution for every Python and platform. UPGRADE=--upgrade takes newer versions.
UPGRADE ?=
DEV_EXTRAS := azure excel http parquet postgres report sandbox zstd
COMPILE = .venv-lock/bin/uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --no-strip-extras $(UPGRADE)

lock: .venv-lock/bin/uv ## Write constraints/ anew from pyproject.toml
	$(COMPILE) pyproject.toml $(DEV_EXTRAS:%=--extra %) --group dev -o constraints/dev.txt
	$(COMPILE) pyproject.toml --extra excel -c constraints/dev.txt -o constraints/tap.txt
	$(COMPILE) --group bench -c constraints/dev.txt -o constraints/bench.txt
	for group in airflow build checker dbt docs duckdb meltano target-jsonl target-postgres; do \
	  $(COMPILE) --group $$group -o constraints/$$group.txt || exit; \
	done
	for folder in clients superset; do \
	  $(COMPILE) tests/$$folder/python.in -o tests/$$folder/python.txt || exit; \
	done
	cd tests/clients && npm install --package-lock-only --omit-lockfile-registry-resolved \
	  --silent --ignore-scripts --no-audit --no-fund

.venv-lock/bin/uv:
	$(PYTHON) -m venv --clear .venv-lock
	.venv-lock/bin/python -m pip install -qq uv
