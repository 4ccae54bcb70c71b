"""Databases and their drivers, by the names that SQLAlchemy has for them."""

from __future__ import annotations

# What drivers call the time that connecting may take.
CONNECT_TIMEOUTS = {
    "mysqlconnector": "connection_timeout",
    "mysqldb": "connect_timeout",
    "oracledb": "tcp_connect_timeout",
    "psycopg": "connect_timeout",
    "psycopg2": "connect_timeout",
    "pymssql": "login_timeout",
    "pymysql": "connect_timeout",
    "pyodbc": "timeout",
}
_MYSQL = ("SET time_zone = '+00:00'", "SET SESSION TRANSACTION READ ONLY")
# What makes a new session one whose clock shows UTC, and that only reads.
SESSION_STATEMENTS = {
    "databricks": ("SET TIME ZONE 'UTC'",),
    "duckdb": ("SET TimeZone = 'UTC'",),
    "mariadb": _MYSQL,
    "mysql": _MYSQL,
    "oracle": ("ALTER SESSION SET TIME_ZONE = 'UTC'",),
    "postgresql": ("SET TRANSACTION READ ONLY", "SET LOCAL TIME ZONE 'UTC'"),
    "redshift": ("SET TIMEZONE TO 'UTC'",),
    "snowflake": ("ALTER SESSION SET TIMEZONE = 'UTC'",),
    # The second one shows that it is a database at all.
    "sqlite": ("PRAGMA query_only = ON", "PRAGMA schema_version"),
}
# Drivers that cannot be used, and why.
REFUSED_DRIVERS = {
    "mariadbconnector": (
        "this driver hides errors: a query that is ended midway looks like a short "
        "list; take mariadb+pymysql or mariadb+mysqldb"
    ),
}
# In these a backslash escapes within a text, as in 'don\'t'.
BACKSLASH_ESCAPES = frozenset(
    {"bigquery", "clickhouse", "databricks", "mariadb", "mysql", "snowflake"}
)
# In these # begins a comment; elsewhere it is an operator.
HASH_COMMENTS = frozenset({"bigquery", "clickhouse", "mariadb", "mysql"})
_FROM_INFORMATION_SCHEMA = (
    "SELECT table_name, column_name, data_type FROM information_schema.columns"
)
# All columns that a query may name: table, column, type.
COLUMN_QUERIES = {
    "duckdb": _FROM_INFORMATION_SCHEMA,
    "mariadb": _FROM_INFORMATION_SCHEMA,
    "mssql": _FROM_INFORMATION_SCHEMA,
    "mysql": _FROM_INFORMATION_SCHEMA,
    "postgresql": _FROM_INFORMATION_SCHEMA,
    "redshift": _FROM_INFORMATION_SCHEMA,
    "snowflake": _FROM_INFORMATION_SCHEMA,
    "sqlite": (
        "SELECT m.name, c.name, c.type "
        "FROM sqlite_master AS m, pragma_table_info(m.name) AS c"
    ),
}
# How far whole numbers are exact in the columns of floating-point numbers that drivers
# tell apart: by dialect and type code. A double has all of them up to 2^53. Of a FLOAT
# MySQL shows six digits.
_MYSQL_FLOAT, _POSTGRES_FLOAT4 = 4, 700
EXACT_UP_TO = {
    ("duckdb", "FLOAT"): 2**24,
    ("mariadb", _MYSQL_FLOAT): 10**6,
    ("mysql", _MYSQL_FLOAT): 10**6,
    ("postgresql", _POSTGRES_FLOAT4): 2**24,
}


def dialect_of(url: str) -> str:
    """Return the name of the dialect of a URL, such as `mysql` of mysql+pymysql://."""
    return url.partition("://")[0].partition("+")[0].lower()
