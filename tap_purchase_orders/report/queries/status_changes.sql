-- Orders that runs saw in another status, or for the first time, since a moment.
SELECT
    changes."observedAt"::timestamptz AS seen_at,
    coalesce(
        customers."companyProfile" ->> 'companyName', changes."referenceCustomerId"
    ) AS customer,
    changes."orderId" AS order_id,
    lower(changes."previousStatus") AS previous_status,
    lower(changes.status) AS status,
    orders."totalPrice" AS amount,
    nullif(btrim(orders."currencyCode"), '') AS currency,
    count(*) OVER () AS total
FROM order_status_changes AS changes
LEFT JOIN customers ON customers.id = changes."referenceCustomerId"
LEFT JOIN orders
    ON orders."referenceCustomerId" = changes."referenceCustomerId"
    AND orders.id = changes."orderId"
WHERE
    changes."observedAt"::timestamptz >= %(since)s
    AND changes."observedAt"::timestamptz <= %(as_of)s
ORDER BY changes."observedAt" DESC, customer, order_id, changes.sequence DESC
LIMIT %(limit)s
