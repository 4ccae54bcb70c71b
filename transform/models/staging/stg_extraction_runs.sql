-- Written by transform/generate_staging.py from schemas/extraction_runs.json.
{{ config(enabled=var('extraction_runs')) }}

select
    loaded.run_id as run_id,
    loaded.upstream as upstream,
    loaded.started_at at time zone 'UTC' as started_at,
    loaded.ended_at at time zone 'UTC' as ended_at,
    {{ typed('loaded.seconds', 'numeric') }} as seconds,
    loaded.outcome as outcome,
    {{ typed('loaded.requests', 'bigint') }} as requests,
    {{ typed('loaded.repeats', 'bigint') }} as repeats,
    {{ typed('loaded.rate_limit_wait_seconds', 'numeric') }} as rate_limit_wait_seconds,
    {{ typed('loaded.keys_done', 'bigint') }} as keys_done,
    {{ typed('loaded.keys_total', 'bigint') }} as keys_total,
    {{ typed('loaded.records', 'bigint') }} as records,
    {{ typed('loaded.issues', 'bigint') }} as issues,
    {{ typed('loaded.shard_index', 'bigint') }} as shard_index,
    {{ typed('loaded.shard_count', 'bigint') }} as shard_count,
    loaded.tap_version as tap_version,
    loaded._sdc_extracted_at at time zone 'UTC' as extracted_at,
    loaded._sdc_batched_at at time zone 'UTC' as batched_at
from {{ source('tap_purchase_orders', 'extraction_runs') }} as loaded
