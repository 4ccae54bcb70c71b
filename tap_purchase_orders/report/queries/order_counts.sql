SELECT
    count(*) AS orders,
    count(DISTINCT "referenceCustomerId") AS customers
FROM orders
