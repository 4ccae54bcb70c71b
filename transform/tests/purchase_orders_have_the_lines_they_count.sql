{# A warning: a line that cannot be used is counted by its header, and is an issue. -#}
{{ config(enabled=var('appzen'), severity='warn') }}

select headers.purchase_order_number, headers.line_count, count(lines.line_key) as found
from {{ ref('stg_purchase_orders') }} as headers
left join {{ ref('stg_purchase_order_lines') }} as lines
    on lines.purchase_order_number = headers.purchase_order_number
    and lines.is_current
group by headers.purchase_order_number, headers.line_count
having headers.line_count <> count(lines.line_key)
