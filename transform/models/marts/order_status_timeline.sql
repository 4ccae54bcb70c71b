{{ config(enabled=var('partner_center')) }}

select
    changes.reference_customer_id as customer_id,
    customers.company_profile_company_name as customer_name,
    changes.order_id,
    row_number() over timeline as step,
    lag(changes.status) over timeline as previous_status,
    changes.status,
    changes.observed_at as seen_at,
    lead(changes.observed_at) over timeline as seen_until,
    cast(
        extract(epoch from lead(changes.observed_at) over timeline - changes.observed_at)
        / 3600
        as numeric(18, 2)
    ) as hours_in_status,
    lead(changes.observed_at) over timeline is null as is_latest,
    changes.order_creation_date as order_created_at
from {{ ref('stg_order_status_changes') }} as changes
left join {{ ref('stg_customers') }} as customers
    on customers.id = changes.reference_customer_id
-- By time, and not by `sequence`: that may start again at 1 after a loss of the state.
window timeline as (
    partition by changes.reference_customer_id, changes.order_id
    order by changes.observed_at, changes.sequence
)
