-- Purchase orders with an issue that no later reading has settled. A run that reads only
-- what has changed does not ask for them again: it does not matter which run it was.
SELECT
    issues.upstream,
    issues.stream,
    issues.kind,
    count(*) AS issues,
    NULL::timestamptz AS since,
    TRUE AS is_until_read
FROM extraction_issues AS issues
WHERE
    issues.kind = ANY(%(kinds)s)
    AND issues.stream = 'purchase_orders'
    AND issues.kind <> 'invalid_number'
    AND NOT EXISTS (
        SELECT 1
        FROM purchase_orders
        WHERE
            purchase_orders.purchase_order_number = issues.record_key
            AND purchase_orders._sdc_extracted_at > issues.observed_at
    )
GROUP BY issues.upstream, issues.stream, issues.kind
ORDER BY issues DESC, issues.kind
