-- The newest rejections; how many there are in all is in each row.
SELECT
    purchase_order_uploads.*,
    count(*) OVER () AS total
FROM purchase_order_uploads
WHERE status = 'po_review_rejected'
ORDER BY seen_at DESC NULLS LAST, created_at DESC NULLS LAST, customer_id, order_id
LIMIT %(limit)s
