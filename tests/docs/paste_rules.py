"""How the documents' shell blocks are pasted: what a page takes for granted.

And why some blocks cannot be pasted here, or not as they stand.

A block that is not named here is pasted as it stands.
"""

from __future__ import annotations

from dataclasses import dataclass

# What the reader of a page has done before: the sandbox is their systems, with a
# certificate that their machine trusts, and a server of PostgreSQL is their warehouse.
# It is no job of their shell: a page's `wait` would wait for it.
READER = """
make meltano
export PATH="$PWD/.venv/bin:$PWD/.venv-meltano/bin:$PATH"
rm -rf .reader .env config.json .meltano/meltano.db
mkdir .reader
purchase-orders-sandbox --directory .reader/sandbox --background --lifetime-seconds 3000
python -m demo.warehouse > .reader/warehouse.env &
warehouse=$!
disown "$warehouse"
while kill -0 "$warehouse" && [ ! -s .reader/warehouse.env ]; do sleep 1; done
trusted=${REQUESTS_CA_BUNDLE:-$(python -c 'import certifi; print(certifi.where())')}
cat "$trusted" .reader/sandbox/ca.pem > .reader/ca.pem
export REQUESTS_CA_BUNDLE="$PWD/.reader/ca.pem"
cp .reader/sandbox/config.json config.json
python -m demo.variables config.json > .env
cat .reader/warehouse.env >> .env
set -a; . .reader/warehouse.env; set +a
"""
# What a checkout has of its own, without servers.
CHECKOUT = 'make .venv/.tap\nexport PATH="$PWD/.venv/bin:$PATH"\n'
PRODUCTION = READER + "export MELTANO_ENVIRONMENT=prod\n"
LOADED = PRODUCTION + "meltano run orders purchase-orders\n"

PLACEHOLDERS = "the values are those of the reader's servers"
MEASURES = "measures for many minutes, and figures need a quiet machine"
LONG = "takes minutes and installs much: pasted with --long"


@dataclass(frozen=True, slots=True)
class Rule:
    """What is different with a block.

    Attributes:
        begins: How the block begins; it tells which block of the page it is.
        why: Why it is not pasted as it stands.
        instead: What is pasted; None: nothing.
        before: What the text around the block has the reader do first.
        is_long: It is pasted only where that is asked for.
    """

    begins: str
    why: str = ""
    instead: str | None = None
    before: str = ""
    is_long: bool = False

    @property
    def is_as_it_stands(self) -> bool:
        """Whether the block is pasted without a change."""
        return not self.why or (self.is_long and self.instead is None)


@dataclass(frozen=True, slots=True)
class Page:
    """A page whose blocks need something first, or are not all pasted.

    Attributes:
        before: What the reader has done before the first block.
        rules: The blocks that are not pasted alone and as they stand.
        times: How often the page is gone through.
        shows_output: Whether a text behind a block is what the block prints.
    """

    before: str = ""
    rules: tuple[Rule, ...] = ()
    times: int = 1
    shows_output: bool = False


# BLOCK is the block itself.
_SHARD = """cat > shard.sh <<'SCRIPT'
BLOCK
SCRIPT
chmod +x shard.sh
./shard.sh 0 4 tap-purchase-orders--orders target-postgres
"""

PAGES: dict[str, Page] = {
    "README.md": Page(
        rules=(
            Rule("make demo", "`make test` is what runs this", "make demo\n"),
            Rule("make meltano", before=READER),
        )
    ),
    "benchmarks/README.md": Page(
        before=CHECKOUT,
        rules=(
            Rule("make bench\n.venv/bin/python -m benchmarks --cases", MEASURES),
            Rule("make .venv-bench/.installed", MEASURES),
            Rule("make bench\n.venv/bin/python -m benchmarks.pipeline", MEASURES),
            Rule(".venv/bin/python -m benchmarks.transports", MEASURES),
            Rule(".venv/bin/python -m benchmarks.concurrency", MEASURES),
            Rule(".venv/bin/python -m benchmarks.customers", MEASURES),
        ),
    ),
    "docs/airflow.md": Page(
        before=PRODUCTION,
        rules=(
            Rule("make orchestrate", LONG, is_long=True),
            Rule(
                "make .venv-airflow/.installed",
                "`airflow standalone` does not return",
                """make .venv-airflow/.installed
export AIRFLOW_HOME=$PWD/airflow AIRFLOW__CORE__LOAD_EXAMPLES=False
export AIRFLOW__CORE__DAGS_FOLDER=$PWD/orchestrate/airflow
export PURCHASE_ORDERS_PROJECT=$PWD
.venv-airflow/bin/airflow db migrate
.venv-airflow/bin/airflow pools import orchestrate/airflow/pools.json
.venv-airflow/bin/airflow dags reserialize
""",
                is_long=True,
            ),
            Rule(".venv-airflow/bin/airflow dags unpause", LONG, is_long=True),
            Rule("MELTANO_DATABASE_URI=", PLACEHOLDERS),
            Rule("AIRFLOW__CORE__EXECUTOR=", PLACEHOLDERS),
            Rule(
                "cd /srv/purchase-orders",
                "the project is where the clone is, and `--fail` finds issues",
                """export TAP_PURCHASE_ORDERS_SHARD_INDEX=0
export TAP_PURCHASE_ORDERS_SHARD_COUNT=2
export TAP_PURCHASE_ORDERS_PARTNER_CENTER_MAX_REQUESTS_PER_MINUTE=250
.venv-meltano/bin/python -m orchestrate.run_shard --environment=prod \
  tap-purchase-orders--orders target-postgres
.venv-meltano/bin/python -m orchestrate.issues target-postgres
""",
            ),
        ),
    ),
    "docs/decisions/compiled-code.md": Page(rules=(Rule("perf record", MEASURES),)),
    "docs/decisions/transport.md": Page(
        rules=(Rule(".venv/bin/python -m benchmarks.transports", MEASURES),)
    ),
    "docs/duckdb.md": Page(
        before=READER + "python3 -m venv venv-duckdb && . venv-duckdb/bin/activate\n",
        rules=(
            Rule(
                "python transform/duckdb/load.py warehouse.duckdb 'output",
                before="meltano run tap-purchase-orders target-jsonl\n",
            ),
        ),
    ),
    "docs/how-to/alerts.md": Page(before=LOADED),
    "docs/how-to/dashboard.md": Page(
        before=CHECKOUT,
        rules=(
            Rule("superset import-dashboards", "needs Superset"),
            Rule("python -m zipfile", "needs Superset"),
        ),
    ),
    "docs/how-to/full-read.md": Page(before=LOADED),
    "docs/how-to/logs.md": Page(before=READER),
    "docs/how-to/new-warehouse.md": Page(
        before=READER + "meltano run orders purchase-orders\n"
    ),
    "docs/how-to/sharding.md": Page(
        before=PRODUCTION,
        rules=(
            Rule(
                "for index in 0 1 2 3; do\n  tap-",
                before="""for index in 0 1 2 3; do
  echo "{\\"shard\\": {\\"index\\": $index, \\"count\\": 4}}" > shard-$index.json
done
""",
            ),
        ),
    ),
    "docs/how-to/streams.md": Page(before=READER),
    "docs/index.md": Page(
        rules=(Rule("make demo", "`make test` is what runs this", "make demo\n"),)
    ),
    "docs/install.md": Page(
        rules=(
            Rule("docker build", "needs Docker, and a registry of images"),
            Rule("docker run", "needs Docker, and a registry of images"),
        )
    ),
    "docs/loaders.md": Page(before=READER),
    "docs/meltano.md": Page(
        before=READER,
        rules=(
            Rule("export MELTANO_DATABASE_URI=", PLACEHOLDERS),
            Rule("#!/bin/sh -e", "it is a file, not commands", _SHARD),
        ),
    ),
    "docs/mutation-testing.md": Page(
        before=CHECKOUT,
        rules=(
            Rule(
                "make mutation",
                "takes hours",
                ".venv/bin/python -m tests.mutation --only incremental.statuses"
                " --seconds 300\n",
                is_long=True,
            ),
        ),
    ),
    "docs/recipes/postgresql.md": Page(before=LOADED),
    "docs/recipes/purchase-orders-and-erp.md": Page(before=LOADED),
    "docs/reliability.md": Page(
        before=READER,
        rules=(
            Rule(
                "make soak",
                "200 histories take hours",
                ".venv/bin/python -m tests.soak --seed 41\n",
                is_long=True,
            ),
        ),
    ),
    "docs/report.md": Page(
        before=LOADED,
        rules=(
            Rule(
                "pip install '.[report]'",
                "the address of the warehouse is the reader's",
                """pip install '.[report]'
export PURCHASE_ORDERS_WAREHOUSE_URL="postgresql://$PGUSER:$PGPASSWORD@$PGHOST:$PGPORT/$PGDATABASE"
purchase-orders-report --schema purchasing --output report.html
""",
                before="python3 -m venv venv-report && . venv-report/bin/activate\n",
            ),
        ),
    ),
    "docs/sandbox.md": Page(
        before="python3 -m venv venv-sandbox && . venv-sandbox/bin/activate\n"
    ),
    "docs/setup/appzen.md": Page(before=READER),
    "docs/setup/partner-center.md": Page(
        before=READER,
        rules=(
            Rule(
                "curl --data-urlencode",
                "needs an application of Entra ID and a user who signs in",
            ),
        ),
    ),
    "docs/tutorial.md": Page(times=2, shows_output=True),
    "transform/README.md": Page(
        before=LOADED + "make .venv-dbt/.installed\n"
        'export PATH="$PWD/.venv-dbt/bin:$PATH"\n',
        rules=(
            Rule(
                "export TARGET_POSTGRES_HOST=...",
                "the values are those of the reader's server",
                """export TARGET_POSTGRES_DEFAULT_TARGET_SCHEMA=purchasing
export PURCHASE_ORDERS_MARTS_SCHEMA=purchasing_marts
cd transform
dbt build --profiles-dir .
""",
            ),
        ),
    ),
}
