{# A warning: a line that cannot be used is counted by its header, and is an issue. -#}
{{ config(enabled=var('partner_center'), severity='warn') }}

select headers.reference_customer_id, headers.id, headers.line_count,
    count(lines.line_item_number) as found
from {{ ref('stg_orders') }} as headers
left join {{ ref('stg_order_line_items') }} as lines
    on lines.reference_customer_id = headers.reference_customer_id
    and lines.order_id = headers.id
    and lines.is_current
group by headers.reference_customer_id, headers.id, headers.line_count
having headers.line_count <> count(lines.line_item_number)
