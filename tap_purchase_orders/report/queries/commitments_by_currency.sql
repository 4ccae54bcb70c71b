SELECT
    currency,
    count(*) AS suppliers,
    sum(purchase_orders)::bigint AS purchase_orders,
    sum(lines)::bigint AS lines,
    sum(ordered) AS ordered,
    sum(received) AS received,
    sum(invoiced) AS invoiced,
    sum(left_to_invoice) AS left_to_invoice,
    sum(released) AS released,
    sum(not_known) AS not_known
FROM supplier_commitments
GROUP BY currency
ORDER BY lines DESC, currency
