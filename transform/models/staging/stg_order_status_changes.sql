-- Written by transform/generate_staging.py from schemas/order_status_changes.json.
{{ config(enabled=var('partner_center')) }}

select
    loaded."referenceCustomerId" as reference_customer_id,
    loaded."orderId" as order_id,
    {{ typed('loaded.sequence', 'bigint') }} as sequence,
    loaded."previousStatus" as previous_status,
    loaded.status as status,
    loaded."orderCreationDate" at time zone 'UTC' as order_creation_date,
    loaded."observedAt" at time zone 'UTC' as observed_at,
    loaded._sdc_extracted_at at time zone 'UTC' as extracted_at,
    loaded._sdc_batched_at at time zone 'UTC' as batched_at
from {{ source('tap_purchase_orders', 'order_status_changes') }} as loaded
