{{ config(enabled=var('appzen')) }}

select *
from {{ ref('purchase_order_line_commitments') }}
where ordered is not null
    and ordered <> coalesce(invoiced, 0) + coalesce(left_to_invoice, 0)
        + coalesce(released, 0) + coalesce(not_known, 0)
