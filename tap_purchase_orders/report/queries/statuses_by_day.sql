-- How many orders were in each status at the end of each day (UTC), as runs saw it; of
-- a long time, only every so many days, from the last one back.
WITH steps AS (
    SELECT
        lower(coalesce(status, 'no status')) AS status,
        "observedAt" AS seen_at,
        -- By time, and not by `sequence`: that may start again at 1 after a loss of the
        -- state.
        lead("observedAt") OVER (
            PARTITION BY "referenceCustomerId", "orderId"
            ORDER BY "observedAt", sequence
        ) AS seen_until
    FROM order_status_changes
    WHERE "observedAt" IS NOT NULL
),

moves AS (
    SELECT day, status, sum(orders) AS orders
    FROM (
        SELECT seen_at::date AS day, status, count(*) AS orders
        FROM steps
        GROUP BY 1, 2
        UNION ALL
        SELECT seen_until::date, status, -count(*)
        FROM steps
        WHERE seen_until IS NOT NULL
        GROUP BY 1, 2
    ) AS in_and_out
    GROUP BY day, status
),

bounds AS (
    SELECT
        min(day) AS first_day,
        greatest(max(day), %(newest_row)s::timestamptz::date) AS last_day
    FROM moves
),

days AS (
    SELECT generate_series(
        last_day::timestamp,
        first_day::timestamp,
        -ceil((last_day - first_day + 1) / %(most_days)s::numeric)::integer
        * interval '1 day'
    )::date AS day
    FROM bounds
)

SELECT days.day, moves.status, sum(moves.orders)::bigint AS orders
FROM days
INNER JOIN moves ON moves.day <= days.day
GROUP BY days.day, moves.status
ORDER BY days.day, moves.status
