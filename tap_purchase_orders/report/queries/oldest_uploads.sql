SELECT *
FROM purchase_order_uploads
WHERE status <> 'po_review_rejected'
ORDER BY created_at, customer_id, order_id
LIMIT %(limit)s
