-- Written by transform/generate_staging.py from schemas/extraction_issues.json.

select
    loaded.issue_id as issue_id,
    loaded.upstream as upstream,
    loaded.stream as stream,
    loaded.record_key as record_key,
    loaded.kind as kind,
    loaded.field as field,
    {{ typed('loaded.http_status', 'bigint') }} as http_status,
    loaded.error_code as error_code,
    loaded.message as message,
    loaded.correlation_id as correlation_id,
    loaded.payload as payload,
    loaded.observed_at at time zone 'UTC' as observed_at,
    loaded._sdc_extracted_at at time zone 'UTC' as extracted_at,
    loaded._sdc_batched_at at time zone 'UTC' as batched_at
from {{ source('tap_purchase_orders', 'extraction_issues') }} as loaded
