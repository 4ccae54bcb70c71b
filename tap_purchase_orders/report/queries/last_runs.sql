-- When the last run of each upstream began; of a run in shards, the first of them.
SELECT upstream, min(started_at)::timestamptz AS started_at
FROM (
    SELECT DISTINCT ON (runs.upstream, runs.shard_index)
        runs.upstream,
        runs.started_at
    FROM extraction_runs AS runs
    INNER JOIN (
        SELECT DISTINCT ON (upstream) upstream, shard_count
        FROM extraction_runs
        ORDER BY upstream, started_at DESC
    ) AS newest
        ON newest.upstream = runs.upstream
        AND newest.shard_count IS NOT DISTINCT FROM runs.shard_count
    ORDER BY runs.upstream, runs.shard_index, runs.started_at DESC
) AS of_shards
GROUP BY upstream
