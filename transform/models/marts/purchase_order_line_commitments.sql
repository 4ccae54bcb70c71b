{{ config(enabled=var('appzen'), materialized='view') }}

with lines as (
    select
        lines.*,
        headers.entity_id,
        headers.entity_name,
        headers.supplier_id,
        headers.appzen_purchase_order_status,
        nullif(trim(lines.amount_currency), '') as currency
    from {{ ref('stg_purchase_order_lines') }} as lines
    inner join {{ ref('stg_purchase_orders') }} as headers
        using (purchase_order_number)
    where lines.is_current
),

figures as (
    select
        lines.*,
        cancel_flag is not true
        and closed_flag is not true
        and upper(appzen_purchase_order_line_status) is distinct from 'PO_CLOSED'
        and upper(appzen_purchase_order_status) is distinct from 'PO_CLOSED'
            as is_open,
        -- Amounts in different currencies are not subtracted from each other.
        case
            when nullif(trim(received_amount_currency), '') is not distinct from currency
                then received_amount
        end as received,
        case
            when nullif(trim(uninvoiced_amount_currency), '') is not distinct from currency
                then uninvoiced_amount
        end as uninvoiced
    from lines
)

select
    purchase_order_number,
    line_key,
    entity_id,
    entity_name,
    supplier_id,
    currency,
    is_open,
    amount as ordered,
    received,
    amount - uninvoiced as invoiced,
    case
        when is_open then uninvoiced
        when uninvoiced is not null then 0
    end as left_to_invoice,
    case
        when not is_open then uninvoiced
        when uninvoiced is not null then 0
    end as released,
    case when amount is not null and uninvoiced is null then amount end as not_known
from figures
