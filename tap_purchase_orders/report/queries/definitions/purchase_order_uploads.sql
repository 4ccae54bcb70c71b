-- Orders that wait for the upload of a purchase order, or for its review: what the mart
-- `open_purchase_order_uploads` of the project for dbt has. And those whose purchase
-- order was rejected.
SELECT
    customers."companyProfile" ->> 'companyName' AS customer_name,
    orders."referenceCustomerId" AS customer_id,
    orders.id AS order_id,
    lower(orders.status) AS status,
    orders."creationDate"::timestamptz AS created_at,
    floor(
        extract(EPOCH FROM %(as_of)s - orders."creationDate"::timestamptz) / 86400
    )::integer AS age_days,
    seen.seen_at,
    floor(
        extract(EPOCH FROM %(as_of)s - seen.seen_at) / 86400
    )::integer AS days_since_status_seen,
    orders."creationDate"::timestamptz + interval '90 days' AS day_90,
    orders."totalPrice" AS amount,
    nullif(btrim(orders."currencyCode"), '') AS currency,
    orders.line_count
FROM orders
LEFT JOIN customers ON customers.id = orders."referenceCustomerId"
LEFT JOIN LATERAL (
    SELECT
        changes.status,
        changes."observedAt"::timestamptz AS seen_at
    FROM order_status_changes AS changes
    WHERE
        changes."referenceCustomerId" = orders."referenceCustomerId"
        AND changes."orderId" = orders.id
    ORDER BY changes."observedAt" DESC, changes.sequence DESC
    LIMIT 1
) AS seen ON lower(seen.status) = lower(orders.status)
WHERE lower(orders.status) IN ('pending_po_upload', 'po_upload_complete', 'po_review_rejected')
