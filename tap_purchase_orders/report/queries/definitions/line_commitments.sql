-- What became of each current line: what the mart `purchase_order_line_commitments` of
-- the project for dbt has.
SELECT
    lines.purchase_order_number,
    lines.line_key,
    lines.supplier_id,
    lines.currency,
    lines.is_open,
    lines.ordered,
    lines.received,
    lines.ordered - lines.uninvoiced AS invoiced,
    CASE
        WHEN lines.is_open THEN lines.uninvoiced
        WHEN lines.uninvoiced IS NOT NULL THEN 0
    END AS left_to_invoice,
    CASE
        WHEN NOT lines.is_open THEN lines.uninvoiced
        WHEN lines.uninvoiced IS NOT NULL THEN 0
    END AS released,
    CASE WHEN lines.uninvoiced IS NULL THEN lines.ordered END AS not_known
FROM (
    SELECT
        line.purchase_order_number,
        line.line_key,
        header.supplier_id,
        nullif(btrim(line.amount ->> 'currency'), '') AS currency,
        line.cancel_flag::boolean IS NOT TRUE
        AND line.closed_flag::boolean IS NOT TRUE
        AND upper(line.appzen_purchase_order_line_status) IS DISTINCT FROM 'PO_CLOSED'
        AND upper(header.appzen_purchase_order_status) IS DISTINCT FROM 'PO_CLOSED'
            AS is_open,
        (line.amount ->> 'amount')::numeric AS ordered,
        -- Amounts in different currencies are not subtracted from each other.
        CASE
            WHEN
                nullif(btrim(line.received_amount ->> 'currency'), '')
                IS NOT DISTINCT FROM nullif(btrim(line.amount ->> 'currency'), '')
                THEN (line.received_amount ->> 'amount')::numeric
        END AS received,
        CASE
            WHEN
                nullif(btrim(line.uninvoiced_amount ->> 'currency'), '')
                IS NOT DISTINCT FROM nullif(btrim(line.amount ->> 'currency'), '')
                THEN (line.uninvoiced_amount ->> 'amount')::numeric
        END AS uninvoiced
    FROM purchase_order_lines AS line
    INNER JOIN purchase_orders AS header
        ON header.purchase_order_number = line.purchase_order_number
    -- A line that is older than its header is gone from the upstream.
    WHERE line._sdc_extracted_at >= header._sdc_extracted_at
        IS NOT FALSE
) AS lines
