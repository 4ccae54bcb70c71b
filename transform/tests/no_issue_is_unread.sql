{# An alert: something that may be there was not read of late, nor since then. -#}
{{ config(severity=var('alert_severity'), tags=['alert']) }}

select issues.upstream, issues.stream, issues.kind, issues.record_key,
    issues.observed_at, issues.message
from {{ ref('stg_extraction_issues') }} as issues
where issues.kind in ('unavailable', 'invalid_response', 'refused_redirect')
    and extract(epoch from {{ as_of() }} - issues.observed_at)
        <= {{ var('unread_hours') }} * 3600
{%- if var('appzen') %}
    and not exists (
        select 1
        from {{ ref('stg_purchase_orders') }} as orders
        where issues.stream = 'purchase_orders'
            and orders.purchase_order_number = issues.record_key
            and orders.extracted_at > issues.observed_at
    )
{%- endif %}
