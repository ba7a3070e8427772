-- How long each order was in each status it has left: what only a history can tell.
SELECT orderid, orderstatus, DATEDIFF(hour, valid_from, valid_to) AS hours
FROM {{ source('loaded', 'orders__history') }}
WHERE valid_to > valid_from
