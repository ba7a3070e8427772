-- How many orders there are now, by status.
SELECT orderstatus, COUNT(*) AS order_count
FROM {{ source('loaded', 'orders__current') }}
GROUP BY orderstatus
