"""Questions of public threads, and the page that answers each: docs/questions.md, and whether the site's search finds it.

`python -m tests.site.questions SITE` asks the search of the built site (search.mjs, which needs node), and exits with 1 if
a page is not among the first FIRST.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

FIRST = 5
SEARCH = Path(__file__).with_name("search.mjs")
PREAMBLE = """# Questions that people ask

Questions from public threads about loaders for Redshift and Snowflake, in our words, with the thread, and the page that answers
each here. The words in the third column are what one would type; `make site` asks the search of this site for them, and fails if
the page is not among the first five that it finds.

| question | asked in | words | answer |
|---|---|---|---|
"""


@dataclass(frozen=True)
class Question:
    """What is asked, where, what one would type, and the page that answers."""

    asked: str
    thread: str
    words: str
    page: str
    title: str


QUESTIONS = (
    Question("Password and MFA do not work for a loader. Can I use a key pair?",
             "transferwise/pipelinewise-target-snowflake/issues/312",
             "key pair authentication", "sign-in/snowflake.md#key-pair", "key pair"),
    Question("Can it sign in to Redshift by IAM, so that no database password is kept anywhere?",
             "transferwise/pipelinewise-target-redshift/issues/233",
             "IAM authentication redshift cluster", "sign-in/redshift.md#by-iam-in-a-provisioned-cluster", "by IAM"),
    Question("What does load_method do? I want to append and keep everything.",
             "MeltanoLabs/target-postgres/issues/266",
             "load_method append-only upsert overwrite", "methods/index.md", "load methods"),
    Question("Empty strings arrive as NULL. How do I keep them apart?",
             "airbytehq/airbyte/pull/84982",
             "empty string becomes NULL", "file-format.md#why-null-is-written-in-two-ways", "file format"),
    Question("Which privileges does the loader's role need?",
             "transferwise/pipelinewise-target-snowflake/pull/82",
             "privileges grants role snowflake", "rights.md#snowflake", "rights"),
    Question("\"Value too long for character type\": of which stream, which column?",
             "transferwise/pipelinewise-target-redshift/pull/59",
             "value too long for character type", "troubleshooting.md#in-the-warehouses-words", "trouble"),
    Question("Can I set sort and distribution keys of the tables?",
             "transferwise/pipelinewise-target-redshift/issues/39",
             "sort key dist key", "tables.md#how-it-lies-redshift", "tables"),
    Question("How do I load one stream anew, or backfill it, without touching the others?",
             "meltano/meltano/issues/9238",
             "backfill one stream full-refresh", "methods/reload.md", "reload"),
    Question("Loads fail with 1023, serializable isolation violation, when several run at once.",
             "snowplow/snowplow-rdb-loader/issues/557",
             "serializable isolation violation", "troubleshooting.md#in-the-warehouses-words", "trouble"),
    Question("A pod was stopped by SIGTERM. Which records are lost?",
             "meltano/sdk/issues/3775",
             "SIGTERM pod", "loads.md#the-end-of-the-input", "the end of the input"),
    Question("Is there a Redshift that I can test against, without an account?",
             "localstack/docs/issues/1675",
             "test dbt models without account", "../local-warehouse/README.md", "the stand-ins"),
)  # fmt: skip


def questions_page() -> str:
    """Return docs/questions.md."""
    rows = []
    for one in QUESTIONS:
        place = one.thread.replace("/issues/", " #").replace("/pull/", " #")
        thread = f"[{place}](https://github.com/{one.thread})"
        rows.append(f"| {one.asked} | {thread} | `{one.words}` | [{one.title}]({one.page}) |\n")
    return PREAMBLE + "".join(rows)


def page_of(question: Question) -> str:
    """Return the page as the site calls it."""
    page = question.page.partition("#")[0]
    page = "local-warehouse.md" if page.startswith("../local-warehouse") else page
    return page.removesuffix(".md") + ".html"


def missed(site: Path) -> list[str]:
    """Return the questions whose page the search of the site does not find, with what it finds."""
    words = json.dumps([one.words for one in QUESTIONS])
    done = subprocess.run(["node", SEARCH, site, words], check=True, capture_output=True, text=True)
    told = []
    for one, places in zip(QUESTIONS, json.loads(done.stdout), strict=True):
        found = dict.fromkeys(place.partition("#")[0] for place in places)
        pages = [page for page in found if page != "questions.html"][:FIRST]  # which repeats the words
        if page_of(one) not in pages:
            told.append(f"{one.words!r} finds {', '.join(pages)}, and not {page_of(one)}")
    return told


def main() -> int:
    """Ask the search of the site in the folder."""
    if shutil.which("node") is None:
        print("node is not at hand: the search of the site was not asked")
        return 0
    told = missed(Path(sys.argv[1]))
    print(
        "\n".join(told)
        or f"{len(QUESTIONS)} questions are answered among the first {FIRST} pages that the search finds"
    )
    return int(bool(told))


if __name__ == "__main__":
    sys.exit(main())
