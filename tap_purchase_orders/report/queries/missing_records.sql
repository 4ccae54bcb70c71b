-- What was not loaded, by upstream, stream and kind: since the last run of the upstream
-- began, or, where no run is known, ever. `missing_purchase_orders` has those; numbers
-- that are none are here, since every run meets them again.
SELECT
    issues.upstream,
    issues.stream,
    issues.kind,
    count(*) AS issues,
    max(runs.started_at) AS since,
    FALSE AS is_until_read
FROM extraction_issues AS issues
LEFT JOIN unnest(%(upstreams)s::text [], %(moments)s::timestamptz [])
    AS runs (upstream, started_at)
    ON runs.upstream = issues.upstream
WHERE
    issues.kind = ANY(%(kinds)s)
    AND (issues.stream <> 'purchase_orders' OR issues.kind = 'invalid_number')
    AND (runs.started_at IS NULL OR issues.observed_at::timestamptz >= runs.started_at)
GROUP BY issues.upstream, issues.stream, issues.kind
ORDER BY issues.upstream, issues DESC, issues.stream, issues.kind
