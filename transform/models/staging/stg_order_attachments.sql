-- Written by transform/generate_staging.py from schemas/order_attachments.json.
{{ config(enabled=var('order_attachments')) }}

select
    loaded."referenceCustomerId" as reference_customer_id,
    loaded."orderId" as order_id,
    loaded."attachmentId" as attachment_id,
    loaded."fileName" as file_name,
    {{ typed('loaded."sizeInKB"', 'bigint') }} as size_in_kb,
    loaded."attachmentType" as attachment_type,
    {{ member_of('loaded.attributes', 'etag', 'text') }} as attributes_etag,
    {{ member_of('loaded.attributes', 'objectType', 'text') }} as attributes_object_type,
    loaded._sdc_extracted_at at time zone 'UTC' as extracted_at,
    loaded._sdc_batched_at at time zone 'UTC' as batched_at,
    loaded._sdc_extracted_at = max(loaded._sdc_extracted_at)
        over (partition by loaded."referenceCustomerId", loaded."orderId") as is_current
from {{ source('tap_purchase_orders', 'order_attachments') }} as loaded
