"""What does a table have besides its columns and rows? Who may read it, how it lies, what is said of it.

A target makes this of its settings, in the words of its warehouse; the library puts them where they belong. What is
wanted holds for a table that is made; one that is there keeps what it has, and a difference is told.
"""

from __future__ import annotations

from dataclasses import dataclass, replace


@dataclass(frozen=True)
class TableProperties:
    """What the settings of a stream want of its tables; names of columns are as the warehouse stores them.

    grants: to whom SELECT is granted when a table or view is made, as GRANT says it behind TO. kind: what stands before
    TABLE in CREATE; clauses, last: what stands behind the columns, and behind the comment; of_columns: (column, what
    stands behind its type). keys: (setting, the columns that it names), of which none may hold documents; named: the
    same, of any type. shown: (property, what the catalog shows of a table that is so). comments: whether the SCHEMA's
    descriptions become comments; comment: that of the table.
    """

    grants: tuple[str, ...] = ()
    kind: str = ""
    clauses: tuple[str, ...] = ()
    last: tuple[str, ...] = ()
    of_columns: tuple[tuple[str, str], ...] = ()
    keys: tuple[tuple[str, tuple[str, ...]], ...] = ()
    named: tuple[tuple[str, tuple[str, ...]], ...] = ()
    shown: tuple[tuple[str, str], ...] = ()
    comments: bool = False
    comment: str | None = None

    @property
    def is_visible(self) -> bool:
        """Whether anything of it can be compared with a table that is there."""
        return bool(self.shown) or self.comments

    def described(self, comment: object) -> TableProperties:
        """Return the properties with the SCHEMA's description as the table's comment, where that is wanted."""
        return replace(self, comment=comment) if self.comments and isinstance(comment, str) and comment else self


PLAIN = TableProperties()
