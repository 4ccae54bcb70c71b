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
    loaded."totalPrice"::numeric as total_price,
    loaded."partnerOnRecordAttestationAccepted"::boolean as partner_on_record_attestation_accepted,
    loaded.links -> 'self' as links_self,
    loaded.links -> 'provisioningStatus' as links_provisioning_status,
    loaded.links -> 'patchOperation' as links_patch_operation,
    loaded.client ->> 'marketplaceCountry' as client_marketplace_country,
    loaded.client ->> 'deviceFamily' as client_device_family,
    loaded.client ->> 'name' as client_name,
    loaded.attributes ->> 'etag' as attributes_etag,
    loaded.attributes ->> 'objectType' as attributes_object_type,
    loaded.line_count::bigint as line_count,
    loaded._sdc_extracted_at at time zone 'UTC' as extracted_at,
    loaded._sdc_batched_at at time zone 'UTC' as batched_at
from {{ source('tap_purchase_orders', 'orders') }} as loaded
