-- Purchase orders that have ended, with something left to invoice.
SELECT
    order_commitments.*,
    %(as_of)s::timestamptz::date - end_date AS days_past,
    count(*) OVER () AS total
FROM order_commitments
WHERE end_date < %(as_of)s::timestamptz::date AND left_to_invoice > 0
ORDER BY end_date, purchase_order_number, currency
LIMIT %(limit)s
