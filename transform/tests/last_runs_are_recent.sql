{# An alert: an upstream of which no run has come to its end for too long. -#}
{{ config(
    enabled=var('extraction_runs'), severity=var('alert_severity'), tags=['alert']
) }}

with expected (upstream, most_hours) as (
    select 'partner_center', {{ var('stale_hours').partner_center }}
    where {{ var('partner_center') }}
    union all
    select 'appzen', {{ var('stale_hours').appzen }}
    where {{ var('appzen') }}
),

runs as (
    -- The loaded table: who asks for alerts alone may never have built a model of it.
    select upstream, shard_index, shard_count, max(ended_at) at time zone 'UTC' as ended_at
    from {{ source('tap_purchase_orders', 'extraction_runs') }}
    where outcome in ('finished', 'incomplete', 'budget_used')
    group by upstream, shard_index, shard_count
),

newest as (
    select
        upstream,
        shard_index,
        ended_at,
        -- With another number of shards, earlier ones do not count any more.
        shard_count = first_value(shard_count) over (
            partition by upstream order by ended_at desc
        ) as is_current
    from runs
)

select expected.upstream, newest.shard_index, newest.ended_at as last_ended_at
from expected
left join newest on newest.upstream = expected.upstream and newest.is_current
where newest.ended_at is null
    or extract(epoch from {{ as_of() }} - newest.ended_at) / 3600 > expected.most_hours
