"""The loaders, in pinned versions, each with the smallest configuration that works."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

# How the rows of a loader are read back: benchmarks/loaders/stored.py.
FILES, CSV, DUCKDB, POSTGRES, OBJECTS, PARQUET = (
    *("files", "csv", "duckdb", "postgres"),
    *("objects", "parquet"),
)


@dataclass(frozen=True, slots=True)
class Loader:
    """A loader that is run.

    Attributes:
        title: How the table names it.
        packages: What is installed, pinned.
        program: Its name.
        stored: How its rows are read back.
        config: Its settings; `{folder}` is where it may write.
        is_mapped: It needs fields of any JSON as text.
        database: What it calls the setting of the database.
        environment: Variables that it needs.
    """

    title: str
    packages: tuple[str, ...]
    program: str
    stored: str
    config: dict[str, Any]
    is_mapped: bool = False
    database: str = "database"
    environment: dict[str, str] = field(default_factory=dict)


_POSTGRES = {"default_target_schema": "{schema}", "validate_records": False}
_S3 = {
    "cloud_provider": {
        "cloud_provider_type": "aws",
        "aws": {
            "aws_bucket": "purchasing",
            "aws_region": "us-east-1",
            "aws_access_key_id": "none",
            "aws_secret_access_key": "none",
            "aws_endpoint_override": "{endpoint}",
        },
    },
    "compression": "none",
    "prefix": "{schema}",
}

LOADERS = (
    Loader(
        "`meltanolabs-target-postgres`",
        ("meltanolabs-target-postgres==0.8.1",),
        "target-postgres",
        POSTGRES,
        _POSTGRES,
        environment={"PGTZ": "UTC"},
    ),
    Loader(
        "the same without `PGTZ=UTC`, in a server in Europe/Berlin",
        ("meltanolabs-target-postgres==0.8.1",),
        "target-postgres",
        POSTGRES,
        _POSTGRES,
    ),
    Loader(
        "the same with `use_copy: true`",
        ("meltanolabs-target-postgres==0.8.1",),
        "target-postgres",
        POSTGRES,
        {**_POSTGRES, "use_copy": True},
        environment={"PGTZ": "UTC"},
    ),
    Loader(
        "`pipelinewise-target-postgres`",
        ("pipelinewise-target-postgres==2.1.2",),
        "target-postgres",
        POSTGRES,
        {"default_target_schema": "{schema}"},
        is_mapped=True,
        database="dbname",
    ),
    Loader(
        "`target-jsonl`",
        ("target-jsonl==0.1.4",),
        "target-jsonl",
        FILES,
        {"destination_path": "{folder}", "do_timestamp_file": False},
    ),
    Loader(
        "`meltanolabs-target-csv`",
        ("meltanolabs-target-csv==0.5.0",),
        "target-csv",
        CSV,
        {"output_path": "{folder}"},
    ),
    Loader(
        "`target-duckdb`, duckdb 1.1.3",
        ("target-duckdb==0.8.0", "duckdb==1.1.3"),
        "target-duckdb",
        DUCKDB,
        {"filepath": "{folder}/warehouse.duckdb", "default_target_schema": "raw"},
        is_mapped=True,
    ),
    Loader(
        "the same, duckdb 2.0.0",
        ("target-duckdb==0.8.0", "duckdb==2.0.0"),
        "target-duckdb",
        DUCKDB,
        {"filepath": "{folder}/warehouse.duckdb", "default_target_schema": "raw"},
        is_mapped=True,
    ),
    Loader(
        "`plinxore-target-s3`, `jsonl`",
        ("plinxore-target-s3==0.1.7",),
        "target-s3",
        OBJECTS,
        {**_S3, "format": {"format_type": "jsonl"}},
    ),
    Loader(
        "the same, `parquet`",
        ("plinxore-target-s3==0.1.7",),
        "target-s3",
        PARQUET,
        {
            **_S3,
            "format": {"format_type": "parquet"},
            "flattening_enabled": True,
            "flattening_max_depth": 9,
        },
        is_mapped=True,
    ),
)
