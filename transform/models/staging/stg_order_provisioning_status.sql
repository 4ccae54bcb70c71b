-- Written by transform/generate_staging.py from schemas/order_provisioning_status.json.
{{ config(enabled=var('order_provisioning_status')) }}

select
    loaded."referenceCustomerId" as reference_customer_id,
    loaded."orderId" as order_id,
    {{ typed('loaded."orderLineItemId"', 'bigint') }} as order_line_item_id,
    {{ typed('loaded."lineItemNumber"', 'bigint') }} as line_item_number,
    loaded.status as status,
    loaded."quantityProvisioningInformation" as quantity_provisioning_information,
    {{ member_of('loaded.attributes', 'etag', 'text') }} as attributes_etag,
    {{ member_of('loaded.attributes', 'objectType', 'text') }} as attributes_object_type,
    loaded._sdc_extracted_at at time zone 'UTC' as extracted_at,
    loaded._sdc_batched_at at time zone 'UTC' as batched_at,
    loaded._sdc_extracted_at = max(loaded._sdc_extracted_at)
        over (partition by loaded."referenceCustomerId", loaded."orderId") as is_current
from {{ source('tap_purchase_orders', 'order_provisioning_status') }} as loaded
