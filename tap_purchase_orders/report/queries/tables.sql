-- The tables of a schema: none is one row without a name, no schema is no row.
SELECT current_database() AS database, tables.relname AS name
FROM pg_catalog.pg_namespace AS schemas
LEFT JOIN pg_catalog.pg_class AS tables
    ON tables.relnamespace = schemas.oid
    AND tables.relkind IN ('r', 'p', 'v', 'm', 'f')
WHERE schemas.nspname = %(schema)s
