{{ config(enabled=var('partner_center')) }}

select customer_id, order_id
from {{ ref('order_status_timeline') }}
group by customer_id, order_id
having count(*) filter (where is_latest) <> 1
