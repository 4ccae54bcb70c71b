{# A warning: full reads that leave the stream of the changes out see more of orders. -#}
{{ config(enabled=var('partner_center'), severity='warn') }}

select timeline.customer_id, timeline.order_id, timeline.status, orders.status as is_now
from {{ ref('order_status_timeline') }} as timeline
inner join {{ ref('stg_orders') }} as orders
    on orders.reference_customer_id = timeline.customer_id
    and orders.id = timeline.order_id
where timeline.is_latest
    and lower(timeline.status) is distinct from lower(orders.status)
