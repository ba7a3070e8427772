"""How many rows has COPY loaded? As the warehouse says it, or, where it refuses to say it, by counting in the table."""

from __future__ import annotations

from dataclasses import dataclass

from singer_bulk.errors import WarehouseError
from singer_bulk.warehouse import words
from singer_bulk.warehouse.dialect import Dialect, Executes

# No such function, and no support for it. https://www.postgresql.org/docs/8.0/errcodes-appendix.html
_NO_FUNCTION = ("42883", "0A000")


@dataclass
class CopyCount:
    """Counts for a run. A statement that is refused in a transaction ends it, so the load is tried again then.

    is_refused: whether the warehouse has refused to answer `Dialect.copy_count`.
    """

    dialect: Dialect
    is_refused: bool = False

    def copy(self, where: Executes, statement: str, into: str) -> int:
        """Run COPY in a transaction, which sees no rows of others; return how many rows the table has more.

        The question for their number is in the same call. Raises a conflict if that question is refused.
        """
        query = self.dialect.copy_count
        if query is None:
            return self.dialect.copied_rows(where.execute(statement))
        if self.is_refused:
            before = self._rows(where, into)
            where.execute(statement)
            return self._rows(where, into) - before
        try:
            return self.dialect.copied_rows(where.execute(f"{statement}; {query}"))
        except WarehouseError as error:
            if error.connection_lost or error.conflict or not _is_of(query, error):
                raise
            self.is_refused = True
            raise WarehouseError(
                f"what COPY has loaded is not said by this warehouse ({error.text}), and will be counted in the table",
                code=error.code,
                sql_code=error.sql_code,
                conflict=True,
            ) from error

    def _rows(self, where: Executes, into: str) -> int:
        return int(where.execute(words.count(into))[0][0])


def _is_of(query: str, error: WarehouseError) -> bool:
    """Return whether the question was refused, not the COPY before it: by the name of its function, or by the code."""
    function = query.removeprefix("SELECT ").partition("(")[0]
    return function in error.text or error.sql_code in _NO_FUNCTION
