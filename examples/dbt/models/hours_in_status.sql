-- How many hours each order was in each status that it has left: what only a history can tell. DATEDIFF takes no offsets.
SELECT orderid, orderstatus, DATEDIFF(hour, CAST(valid_from AS TIMESTAMP), CAST(valid_to AS TIMESTAMP)) AS hours
FROM {{ source('loaded', 'orders__history') }}
WHERE valid_to > valid_from
