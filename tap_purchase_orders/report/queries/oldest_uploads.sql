SELECT *
FROM open_uploads
ORDER BY created_at, customer_id, order_id
LIMIT %(limit)s
