-- Those asked for by number, then the newest.
SELECT
    order_commitments.*,
    count(*) OVER () AS total
FROM order_commitments
ORDER BY
    purchase_order_number = ANY(%(numbers)s) DESC,
    start_date DESC NULLS LAST,
    purchase_order_number,
    currency
LIMIT %(limit)s
