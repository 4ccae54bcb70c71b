{# A view: ages are right whenever somebody looks. -#}
{{ config(enabled=var('partner_center'), materialized='view') }}

with latest_changes as (
    select distinct on (reference_customer_id, order_id)
        reference_customer_id,
        order_id,
        status,
        observed_at
    from {{ ref('stg_order_status_changes') }}
    order by reference_customer_id, order_id, observed_at desc, sequence desc
)

select
    orders.reference_customer_id as customer_id,
    customers.company_profile_company_name as customer_name,
    orders.id as order_id,
    lower(orders.status) as status,
    case lower(orders.status)
        when 'pending_po_upload' then 'partner'
        else 'microsoft'
    end as waits_for,
    orders.creation_date as created_at,
    {{ days_between('orders.creation_date', as_of()) }} as age_days,
    latest_changes.observed_at as status_seen_at,
    {{ days_between('latest_changes.observed_at', as_of()) }} as days_since_status_seen,
    orders.line_count,
    orders.total_price,
    orders.currency_code
from {{ ref('stg_orders') }} as orders
left join {{ ref('stg_customers') }} as customers
    on customers.id = orders.reference_customer_id
left join latest_changes
    on latest_changes.reference_customer_id = orders.reference_customer_id
    and latest_changes.order_id = orders.id
    and lower(latest_changes.status) = lower(orders.status)
where lower(orders.status) in ('pending_po_upload', 'po_upload_complete')
