-- Each line three times: under its cost account, its requester and its entity.
SELECT
    dimensions.dimension,
    nullif(btrim(dimensions.value), '') AS value,
    line_commitments.*
FROM line_commitments
INNER JOIN purchase_orders AS header USING (purchase_order_number)
INNER JOIN purchase_order_lines AS line USING (purchase_order_number, line_key)
CROSS JOIN LATERAL (
    VALUES
    ('account', coalesce(nullif(btrim(line.gl_code), ''), header.gl_code)),
    ('requester', header.requester),
    ('entity', coalesce(nullif(btrim(header.entity_name), ''), header.entity_id))
) AS dimensions (dimension, value)
