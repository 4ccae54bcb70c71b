-- Written by transform/generate_staging.py from schemas/extraction_runs.json.
{{ config(enabled=var('extraction_runs')) }}

select
    loaded.run_id as run_id,
    loaded.upstream as upstream,
    loaded.started_at at time zone 'UTC' as started_at,
    loaded.ended_at at time zone 'UTC' as ended_at,
    loaded.seconds::numeric as seconds,
    loaded.outcome as outcome,
    loaded.requests::bigint as requests,
    loaded.repeats::bigint as repeats,
    loaded.rate_limit_wait_seconds::numeric as rate_limit_wait_seconds,
    loaded.keys_done::bigint as keys_done,
    loaded.keys_total::bigint as keys_total,
    loaded.records::bigint as records,
    loaded.issues::bigint as issues,
    loaded.shard_index::bigint as shard_index,
    loaded.shard_count::bigint as shard_count,
    loaded.tap_version as tap_version,
    loaded._sdc_extracted_at at time zone 'UTC' as extracted_at,
    loaded._sdc_batched_at at time zone 'UTC' as batched_at
from {{ source('tap_purchase_orders', 'extraction_runs') }} as loaded
