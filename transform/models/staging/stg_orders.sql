-- Written by transform/generate_staging.py from schemas/orders.json.
{{ config(enabled=var('partner_center')) }}

select
    loaded.id as id,
    loaded."alternateId" as alternate_id,
    loaded."referenceCustomerId" as reference_customer_id,
    loaded."billingCycle" as billing_cycle,
    loaded."currencyCode" as currency_code,
    loaded."currencySymbol" as currency_symbol,
    loaded."creationDate" at time zone 'UTC' as creation_date,
    loaded.status as status,
    loaded."transactionType" as transaction_type,
    {{ typed('loaded."totalPrice"', 'numeric') }} as total_price,
    {{ typed('loaded."partnerOnRecordAttestationAccepted"', 'boolean') }} as partner_on_record_attestation_accepted,
    {{ member_of('loaded.links', 'self', 'jsonb') }} as links_self,
    {{ member_of('loaded.links', 'provisioningStatus', 'jsonb') }} as links_provisioning_status,
    {{ member_of('loaded.links', 'patchOperation', 'jsonb') }} as links_patch_operation,
    {{ member_of('loaded.client', 'marketplaceCountry', 'text') }} as client_marketplace_country,
    {{ member_of('loaded.client', 'deviceFamily', 'text') }} as client_device_family,
    {{ member_of('loaded.client', 'name', 'text') }} as client_name,
    {{ member_of('loaded.attributes', 'etag', 'text') }} as attributes_etag,
    {{ member_of('loaded.attributes', 'objectType', 'text') }} as attributes_object_type,
    {{ typed('loaded.line_count', 'bigint') }} as line_count,
    loaded._sdc_extracted_at at time zone 'UTC' as extracted_at,
    loaded._sdc_batched_at at time zone 'UTC' as batched_at
from {{ source('tap_purchase_orders', 'orders') }} as loaded
