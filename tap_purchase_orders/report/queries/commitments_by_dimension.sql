-- Commitments by cost account, requester and entity: the largest of each currency, in
-- each of the three; `total` counts all rows of a dimension.
SELECT *
FROM (
    SELECT
        sums.*,
        count(*) OVER (PARTITION BY dimension) AS total,
        row_number() OVER (
            PARTITION BY dimension, currency ORDER BY ordered DESC, value
        ) AS place
    FROM (
        SELECT
            dimension,
            value,
            currency,
            count(DISTINCT purchase_order_number) AS purchase_orders,
            coalesce(sum(ordered), 0) AS ordered,
            coalesce(sum(received), 0) AS received,
            coalesce(sum(invoiced), 0) AS invoiced,
            coalesce(sum(left_to_invoice), 0) AS left_to_invoice,
            coalesce(sum(released), 0) AS released,
            coalesce(sum(not_known), 0) AS not_known
        FROM line_dimensions
        GROUP BY dimension, value, currency
    ) AS sums
) AS placed
WHERE place <= %(most)s
ORDER BY dimension, currency, place
