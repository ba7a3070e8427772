"""Words that may not stand for a name, or not everywhere, without double quotes.

Source: https://docs.snowflake.com/en/sql-reference/reserved-keywords
"""


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


RESERVED = _words(
    """
    ALL ALTER AND ANY AS BETWEEN BY CHECK COLUMN CONNECT CREATE CURRENT DELETE DISTINCT DROP ELSE EXISTS FOLLOWING FOR
    FROM GRANT GROUP HAVING ILIKE IN INCREMENT INSERT INTERSECT INTO IS LIKE MINUS NOT NULL OF ON OR ORDER QUALIFY
    REGEXP REVOKE RLIKE ROW ROWS SAMPLE SELECT SET SOME START TABLE TABLESAMPLE THEN TO TRIGGER UNION UNIQUE UPDATE
    VALUES WHENEVER WHERE WINDOW WITH
    """
)
NO_COLUMN = _words("CONSTRAINT")
# No column is defined by these, in quotes either: 002318, https://github.com/airbytehq/airbyte/issues/76262
ANSI_COLUMN = _words("CURRENT_DATE CURRENT_TIME CURRENT_TIMESTAMP CURRENT_USER LOCALTIME LOCALTIMESTAMP")
NO_COLUMN_REFERENCE = _words("CASE CAST FALSE TRUE TRY_CAST WHEN")
NO_RELATION = _words("CROSS FULL INNER JOIN LATERAL LEFT NATURAL RIGHT USING")

# Not reserved, but what comes next after an expression or a relation, so not its name without AS.
_NEXT = _words(
    """
    LIMIT OFFSET FETCH EXCEPT WHEN END ASC DESC NULLS PIVOT UNPIVOT FILES PATTERN FILE_FORMAT AT BEFORE MATCH_RECOGNIZE
    """
)
NO_BARE_ALIAS = RESERVED | NO_RELATION | _NEXT
