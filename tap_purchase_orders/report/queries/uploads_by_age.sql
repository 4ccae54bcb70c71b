-- How many orders wait, by age, and by who has to act.
SELECT
    CASE
        WHEN age_days IS NULL THEN NULL
        WHEN age_days <= 7 THEN 7
        WHEN age_days <= 14 THEN 14
        WHEN age_days <= 30 THEN 30
        WHEN age_days <= 60 THEN 60
        WHEN age_days <= 90 THEN 90
        ELSE 91
    END AS up_to_days,
    status,
    count(*) AS orders
FROM purchase_order_uploads
WHERE status <> 'po_review_rejected'
GROUP BY up_to_days, status
