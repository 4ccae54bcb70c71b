SELECT
    started_at::timestamptz AS started_at,
    ended_at::timestamptz AS ended_at,
    upstream,
    outcome,
    seconds,
    requests,
    repeats,
    rate_limit_wait_seconds,
    keys_done,
    keys_total,
    records,
    issues,
    shard_index,
    shard_count
FROM extraction_runs
ORDER BY started_at DESC, run_id, upstream
LIMIT %(limit)s
