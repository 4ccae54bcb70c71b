-- Written by transform/generate_staging.py from schemas/order_line_items.json.
{{ config(enabled=var('partner_center')) }}

select
    loaded."referenceCustomerId" as reference_customer_id,
    loaded."orderId" as order_id,
    loaded."lineItemNumber"::bigint as line_item_number,
    loaded."offerId" as offer_id,
    loaded."subscriptionId" as subscription_id,
    loaded."parentSubscriptionId" as parent_subscription_id,
    loaded."friendlyName" as friendly_name,
    loaded.quantity::bigint as quantity,
    loaded."termDuration" as term_duration,
    loaded."transactionType" as transaction_type,
    loaded."customTermEndDate" at time zone 'UTC' as custom_term_end_date,
    loaded."promotionId" as promotion_id,
    loaded."partnerIdOnRecord" as partner_id_on_record,
    loaded."additionalPartnerIdsOnRecord" as additional_partner_ids_on_record,
    loaded."provisioningContext" as provisioning_context,
    loaded."renewsTo" ->> 'termDuration' as renews_to_term_duration,
    loaded."attestationAccepted"::boolean as attestation_accepted,
    (loaded.pricing ->> 'listPrice')::numeric as pricing_list_price,
    (loaded.pricing ->> 'discountedPrice')::numeric as pricing_discounted_price,
    (loaded.pricing ->> 'proratedPrice')::numeric as pricing_prorated_price,
    (loaded.pricing ->> 'price')::numeric as pricing_price,
    (loaded.pricing ->> 'extendedPrice')::numeric as pricing_extended_price,
    (loaded."purchaseCommitment" ->> 'amount')::numeric as purchase_commitment_amount,
    loaded."purchaseCommitment" ->> 'currency' as purchase_commitment_currency,
    loaded."purchaseCommitment" ->> 'grain' as purchase_commitment_grain,
    loaded.links -> 'product' as links_product,
    loaded.links -> 'sku' as links_sku,
    loaded.links -> 'availability' as links_availability,
    loaded.links -> 'subscription' as links_subscription,
    loaded.links -> 'provisioningStatus' as links_provisioning_status,
    loaded.links -> 'activationLinks' as links_activation_links,
    loaded.attributes ->> 'etag' as attributes_etag,
    loaded.attributes ->> 'objectType' as attributes_object_type,
    loaded._sdc_extracted_at at time zone 'UTC' as extracted_at,
    loaded._sdc_batched_at at time zone 'UTC' as batched_at,
    coalesce(loaded._sdc_extracted_at >= header._sdc_extracted_at, true) as is_current
from {{ source('tap_purchase_orders', 'order_line_items') }} as loaded
left join {{ source('tap_purchase_orders', 'orders') }} as header
    on header."referenceCustomerId" = loaded."referenceCustomerId"
    and header.id = loaded."orderId"
