SELECT
    currency,
    supplier_id,
    count(DISTINCT purchase_order_number) AS purchase_orders,
    count(*) AS lines,
    coalesce(sum(ordered), 0) AS ordered,
    coalesce(sum(received), 0) AS received,
    coalesce(sum(invoiced), 0) AS invoiced,
    coalesce(sum(left_to_invoice), 0) AS left_to_invoice,
    coalesce(sum(released), 0) AS released,
    coalesce(sum(not_known), 0) AS not_known
FROM line_commitments
GROUP BY currency, supplier_id
