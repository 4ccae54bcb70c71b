-- Purchase orders in the warehouse against the numbers of the ERP (PostgreSQL 15 or later).
--
-- The views are made in the first schema of the search path, over the tables that
-- target-postgres has loaded into the second:
--
--   psql -c 'CREATE SCHEMA IF NOT EXISTS purchasing_views'
--   PGOPTIONS='-c search_path=purchasing_views,purchasing' \
--     psql --set=ON_ERROR_STOP=1 --single-transaction --file=docs/recipes/purchase-orders-and-erp.sql
--
-- Needed are the streams purchase_orders, purchase_order_lines and extraction_issues, as
-- they are selected by default. The file can be run again at any time.

-- The numbers that the ERP has. Before you run this file, put a view over your ERP's own
-- table here, or load its numbers into this one:
--
--   CREATE VIEW purchasing_views.erp_purchase_orders AS
--   SELECT po_number::text AS purchase_order_number FROM erp.po_headers;
CREATE TABLE IF NOT EXISTS erp_purchase_orders (purchase_order_number text);


-- Lines that AppZen has. A header and its lines come from one response and bear the same
-- time, so a line that is older than its header was not in the latest response.
CREATE OR REPLACE VIEW current_purchase_order_lines AS
SELECT line.*
FROM purchase_order_lines AS line
LEFT JOIN purchase_orders AS header USING (purchase_order_number)
WHERE header.purchase_order_number IS NULL
   OR line._sdc_extracted_at >= header._sdc_extracted_at;

COMMENT ON VIEW current_purchase_order_lines IS
  'Lines that were in the latest response about their purchase order.';


-- Lines that AppZen no longer has.
CREATE OR REPLACE VIEW stale_purchase_order_lines AS
SELECT
  line.purchase_order_number,
  line.line_key,
  line.line_description,
  (line.amount ->> 'amount')::numeric AS amount,
  line.amount ->> 'currency' AS currency,
  line._sdc_extracted_at AS last_seen_at,
  header._sdc_extracted_at AS gone_by
FROM purchase_order_lines AS line
JOIN purchase_orders AS header USING (purchase_order_number)
WHERE line._sdc_extracted_at < header._sdc_extracted_at;

COMMENT ON VIEW stale_purchase_order_lines IS
  'Lines that were in an earlier response about their purchase order, but not in the latest.';


-- Numbers that were asked for and not found, or not read for another reason. An issue
-- stays in its table; it is over when the number was read after it.
CREATE OR REPLACE VIEW purchase_order_numbers_not_read AS
SELECT DISTINCT ON (issue.record_key)
  issue.record_key AS purchase_order_number,
  issue.kind,
  issue.http_status,
  issue.message,
  issue.observed_at,
  header._sdc_extracted_at AS last_read_at
FROM extraction_issues AS issue
LEFT JOIN purchase_orders AS header ON header.purchase_order_number = issue.record_key
WHERE issue.upstream = 'appzen'
  AND issue.stream = 'purchase_orders'
  AND issue.kind IN (
    'not_found', 'invalid_number',
    'forbidden', 'request_failed', 'unavailable', 'invalid_response', 'refused_redirect'
  )
  AND (
    header._sdc_extracted_at IS NULL
    OR header._sdc_extracted_at < issue.observed_at
  )
ORDER BY issue.record_key, issue.observed_at DESC;

COMMENT ON VIEW purchase_order_numbers_not_read IS
  'Numbers whose latest reading failed, with the latest reason. `last_read_at`: when the '
  'purchase order that is still in the warehouse was read; null if it never was.';


-- The numbers of both sides. They are compared as they stand: 0042 is not 42.
CREATE OR REPLACE VIEW erp_comparison AS
WITH erp AS (
  SELECT DISTINCT
    purchase_order_number,
    ltrim(lower(btrim(purchase_order_number)), '0') AS loose_number
  FROM erp_purchase_orders
  WHERE purchase_order_number IS NOT NULL
),
alike AS (
  SELECT
    ltrim(lower(btrim(purchase_order_number)), '0') AS loose_number,
    min(purchase_order_number) AS purchase_order_number
  FROM purchase_orders
  GROUP BY 1
)
SELECT
  coalesce(erp.purchase_order_number, header.purchase_order_number)
    AS purchase_order_number,
  erp.purchase_order_number IS NOT NULL AS is_in_erp,
  header.purchase_order_number IS NOT NULL AS is_in_warehouse,
  CASE
    WHEN problem.kind IS NOT NULL THEN problem.kind
    WHEN header.purchase_order_number IS NULL THEN 'never_asked'
  END AS problem,
  problem.observed_at AS problem_seen_at,
  problem.last_read_at,
  alike.purchase_order_number AS number_in_warehouse_that_looks_alike
FROM erp
FULL JOIN purchase_orders AS header USING (purchase_order_number)
LEFT JOIN purchase_order_numbers_not_read AS problem
  ON problem.purchase_order_number
    = coalesce(erp.purchase_order_number, header.purchase_order_number)
LEFT JOIN alike
  ON header.purchase_order_number IS NULL AND alike.loose_number = erp.loose_number;

COMMENT ON VIEW erp_comparison IS
  'Each number that the ERP or the warehouse has. `problem`: why the purchase order is '
  'not in the warehouse, or no longer up to date there: a kind of extraction issue, or '
  '`never_asked`. `number_in_warehouse_that_looks_alike`: one that differs in leading '
  'zeros, blanks or case only.';


-- What has ended. AppZen knows closed, by status; a line can also be cancelled. Whether
-- a whole purchase order was cancelled is told by the ERP's own wording (put your ERP's
-- words in), or by its lines, if each of them is.
CREATE OR REPLACE VIEW ended_purchase_order_lines AS
SELECT
  line.purchase_order_number,
  line.line_key,
  line.cancel_flag IS TRUE AS is_cancelled,
  line.closed_flag IS TRUE
    OR coalesce(upper(line.appzen_purchase_order_line_status) = 'PO_CLOSED', false)
    AS is_closed,
  line.cancel_date,
  line.cancel_reason,
  line.closed_date,
  line.closed_reason,
  line.purchase_order_line_status
FROM current_purchase_order_lines AS line
WHERE line.cancel_flag
   OR line.closed_flag
   OR upper(line.appzen_purchase_order_line_status) = 'PO_CLOSED';

COMMENT ON VIEW ended_purchase_order_lines IS
  'Current lines that are cancelled or closed, whatever the status of their header.';


CREATE OR REPLACE VIEW ended_purchase_orders AS
WITH lines AS (
  SELECT
    line.purchase_order_number,
    count(*) AS line_count,
    count(*) FILTER (WHERE ended.is_cancelled) AS cancelled_line_count,
    count(*) FILTER (WHERE ended.line_key IS NULL) AS open_line_count
  FROM current_purchase_order_lines AS line
  LEFT JOIN ended_purchase_order_lines AS ended
    USING (purchase_order_number, line_key)
  GROUP BY line.purchase_order_number
),
headers AS (
  SELECT
    purchase_order_number,
    supplier_id,
    appzen_purchase_order_status,
    purchase_order_status,
    coalesce(upper(appzen_purchase_order_status) = 'PO_CLOSED', false)
      AS is_closed_by_header,
    coalesce(purchase_order_status ~* 'cancel|storn|annul', false)
      AS is_cancelled_by_header
  FROM purchase_orders
)
SELECT
  headers.*,
  coalesce(lines.line_count > 0 AND lines.open_line_count = 0, false)
    AS is_ended_by_lines,
  headers.is_cancelled_by_header
    OR coalesce(lines.line_count = lines.cancelled_line_count, false) AS is_cancelled,
  coalesce(lines.line_count, 0) AS line_count,
  coalesce(lines.cancelled_line_count, 0) AS cancelled_line_count,
  coalesce(lines.open_line_count, 0) AS open_line_count
FROM headers
LEFT JOIN lines USING (purchase_order_number)
WHERE headers.is_closed_by_header
   OR headers.is_cancelled_by_header
   OR lines.line_count > 0 AND lines.open_line_count = 0;

COMMENT ON VIEW ended_purchase_orders IS
  'Purchase orders that are closed or cancelled: by their header, by the ERP''s wording, '
  'or because each of their current lines is. Open lines of a closed header are counted.';
