-- The suppliers of whom most is ordered in each of some currencies; all others of that
-- currency are one row, whose `place` is null.
SELECT
    currency,
    CASE WHEN place <= %(most)s THEN place END AS place,
    CASE WHEN place <= %(most)s THEN supplier_id END AS supplier_id,
    count(*) AS suppliers,
    sum(purchase_orders)::bigint AS purchase_orders,
    sum(ordered) AS ordered,
    sum(received) AS received,
    sum(invoiced) AS invoiced,
    sum(left_to_invoice) AS left_to_invoice,
    sum(released) AS released,
    sum(not_known) AS not_known
FROM (
    SELECT
        supplier_commitments.*,
        row_number() OVER (
            PARTITION BY currency ORDER BY ordered DESC, supplier_id
        ) AS place
    FROM supplier_commitments
    WHERE
        currency = ANY(%(currencies)s)
        OR (currency IS NULL AND %(without_currency)s)
) AS placed
GROUP BY 1, 2, 3
ORDER BY currency, place
