-- Written by transform/generate_staging.py from schemas/order_line_items.json.
{{ config(enabled=var('partner_center')) }}

select
    loaded."referenceCustomerId" as reference_customer_id,
    loaded."orderId" as order_id,
    {{ typed('loaded."lineItemNumber"', 'bigint') }} as line_item_number,
    loaded."offerId" as offer_id,
    loaded."subscriptionId" as subscription_id,
    loaded."parentSubscriptionId" as parent_subscription_id,
    loaded."friendlyName" as friendly_name,
    {{ typed('loaded.quantity', 'bigint') }} as quantity,
    loaded."termDuration" as term_duration,
    loaded."transactionType" as transaction_type,
    loaded."customTermEndDate" at time zone 'UTC' as custom_term_end_date,
    loaded."promotionId" as promotion_id,
    loaded."partnerIdOnRecord" as partner_id_on_record,
    loaded."additionalPartnerIdsOnRecord" as additional_partner_ids_on_record,
    loaded."provisioningContext" as provisioning_context,
    {{ member_of('loaded."renewsTo"', 'termDuration', 'text') }} as renews_to_term_duration,
    {{ typed('loaded."attestationAccepted"', 'boolean') }} as attestation_accepted,
    {{ member_of('loaded.pricing', 'listPrice', 'numeric') }} as pricing_list_price,
    {{ member_of('loaded.pricing', 'discountedPrice', 'numeric') }} as pricing_discounted_price,
    {{ member_of('loaded.pricing', 'proratedPrice', 'numeric') }} as pricing_prorated_price,
    {{ member_of('loaded.pricing', 'price', 'numeric') }} as pricing_price,
    {{ member_of('loaded.pricing', 'extendedPrice', 'numeric') }} as pricing_extended_price,
    {{ member_of('loaded."purchaseCommitment"', 'amount', 'numeric') }} as purchase_commitment_amount,
    {{ member_of('loaded."purchaseCommitment"', 'currency', 'text') }} as purchase_commitment_currency,
    {{ member_of('loaded."purchaseCommitment"', 'grain', 'text') }} as purchase_commitment_grain,
    {{ member_of('loaded.links', 'product', 'jsonb') }} as links_product,
    {{ member_of('loaded.links', 'sku', 'jsonb') }} as links_sku,
    {{ member_of('loaded.links', 'availability', 'jsonb') }} as links_availability,
    {{ member_of('loaded.links', 'subscription', 'jsonb') }} as links_subscription,
    {{ member_of('loaded.links', 'provisioningStatus', 'jsonb') }} as links_provisioning_status,
    {{ member_of('loaded.links', 'activationLinks', 'jsonb') }} as links_activation_links,
    {{ member_of('loaded.attributes', 'etag', 'text') }} as attributes_etag,
    {{ member_of('loaded.attributes', 'objectType', 'text') }} as attributes_object_type,
    loaded._sdc_extracted_at at time zone 'UTC' as extracted_at,
    loaded._sdc_batched_at at time zone 'UTC' as batched_at,
    coalesce(loaded._sdc_extracted_at >= header._sdc_extracted_at, true) as is_current
from {{ source('tap_purchase_orders', 'order_line_items') }} as loaded
left join {{ source('tap_purchase_orders', 'orders') }} as header
    on header."referenceCustomerId" = loaded."referenceCustomerId"
    and header.id = loaded."orderId"
