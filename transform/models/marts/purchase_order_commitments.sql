{{ config(enabled=var('appzen')) }}

select
    entity_id,
    max(entity_name) as entity_name,
    supplier_id,
    currency,
    count(distinct purchase_order_number) as purchase_order_count,
    count(*) as line_count,
    count(*) filter (where is_open) as open_line_count,
    coalesce(sum(ordered), 0) as ordered,
    coalesce(sum(received), 0) as received,
    coalesce(sum(invoiced), 0) as invoiced,
    coalesce(sum(left_to_invoice), 0) as left_to_invoice,
    coalesce(sum(released), 0) as released,
    coalesce(sum(not_known), 0) as not_known,
    count(*) filter (where ordered is null) as lines_without_amount,
    count(*) filter (where received is null) as lines_without_received
from {{ ref('purchase_order_line_commitments') }}
group by entity_id, supplier_id, currency
