-- One row for each purchase order and currency of its lines; one without lines has one
-- row without amounts.
SELECT
    header.purchase_order_number,
    header.supplier_id,
    header.requester,
    coalesce(nullif(btrim(header.entity_name), ''), header.entity_id) AS entity,
    header.appzen_purchase_order_status AS status,
    header.end_date::date AS end_date,
    header.start_date::date AS start_date,
    header._sdc_extracted_at::timestamptz AS read_at,
    lines.currency,
    lines.ordered,
    lines.invoiced,
    lines.left_to_invoice
FROM purchase_orders AS header
LEFT JOIN (
    SELECT
        purchase_order_number,
        currency,
        sum(ordered) AS ordered,
        sum(invoiced) AS invoiced,
        sum(left_to_invoice) AS left_to_invoice
    FROM line_commitments
    GROUP BY purchase_order_number, currency
) AS lines USING (purchase_order_number)
