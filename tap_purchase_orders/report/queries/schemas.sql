-- Where the tap's output seems to have been loaded to.
SELECT DISTINCT schemas.nspname AS schema
FROM pg_catalog.pg_class AS tables
INNER JOIN pg_catalog.pg_namespace AS schemas ON schemas.oid = tables.relnamespace
WHERE tables.relname = 'extraction_issues' AND tables.relkind IN ('r', 'p')
ORDER BY schema
LIMIT 10
