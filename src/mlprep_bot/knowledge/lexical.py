"""Stemmed BM25 over SQLite FTS5, in the same file as the chunks that it indexes.

Text is cut into terms here, in Python, and FTS5 only counts them: so a query, a passage and the index
agree on what a term is, no character of a query is FTS5 syntax, and Chinese, Japanese and Korean are
searchable. Two levels are kept: chunks, which find the place, and units (a whole answer, section or
abstract), which find the subject. `docs/retrieval.md` has the figures against bm25s.

Nothing here commits: the caller owns the transaction.
"""

from __future__ import annotations

import re
import sqlite3
import unicodedata
from collections.abc import Iterable, Sequence
from functools import lru_cache
from threading import local

import Stemmer

from mlprep_bot.domain import Chunk

TERMS_VERSION = "3"  # change it when the same text would give other terms: every serving index is then rebuilt
MAX_TERMS = 64  # of a query; a pasted page is searched by its first distinct terms

# "ascii" takes every character beyond ASCII for part of a word, so FTS5 never cuts a term of ours again.
_SCHEMA = """
CREATE TABLE lexical_chunks (row INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, unit TEXT NOT NULL);
CREATE INDEX lexical_chunks_unit ON lexical_chunks (unit);
CREATE TABLE lexical_units (row INTEGER PRIMARY KEY, unit TEXT NOT NULL UNIQUE);
CREATE VIRTUAL TABLE lexical_chunk_terms USING fts5 (context, body, tokenize = 'ascii');
CREATE VIRTUAL TABLE lexical_unit_terms USING fts5 (context, body, tokenize = 'ascii');
CREATE VIRTUAL TABLE lexical_vocabulary USING fts5vocab (lexical_chunk_terms, 'row');
"""


def create(db: sqlite3.Connection) -> None:
    """Make the tables in an open database that does not have them yet."""
    for statement in filter(str.strip, _SCHEMA.split(";")):
        db.execute(statement)


def add(db: sqlite3.Connection, chunks: Iterable[Chunk]) -> None:
    """Index chunks; one whose id is known is replaced."""
    units: set[str] = set()
    for chunk in chunks:
        units |= _drop(db, chunk.id)
        units.add(chunk.unit)
        row = db.execute("INSERT INTO lexical_chunks (id, unit) VALUES (?, ?)", (chunk.id, chunk.unit)).lastrowid
        db.execute(
            "INSERT INTO lexical_chunk_terms (rowid, context, body) VALUES (?, ?, ?)",
            (row, " ".join(terms(chunk.context)), " ".join(terms(chunk.text))),
        )
    _rebuild(db, units)


def remove(db: sqlite3.Connection, ids: Iterable[str]) -> None:
    """Forget chunks; ids that are not there are ignored."""
    units: set[str] = set()
    for chunk_id in ids:
        units |= _drop(db, chunk_id)
    _rebuild(db, units)


def search(db: sqlite3.Connection, query: str, k: int) -> list[tuple[str, float]]:
    """The up to `k` best chunk ids with their BM25 (above 0, higher is better), best first."""
    return _search(db, "lexical_chunk_terms", "lexical_chunks", "id", query, k)


def search_units(db: sqlite3.Connection, query: str, k: int) -> list[tuple[str, float]]:
    """The up to `k` best units with their BM25 (above 0, higher is better), best first."""
    return _search(db, "lexical_unit_terms", "lexical_units", "unit", query, k)


def document_frequencies(db: sqlite3.Connection, terms: Sequence[str]) -> dict[str, int]:
    """In how many chunks (their context included) each term occurs; 0 for unknown ones."""
    found = dict.fromkeys(terms, 0)
    for term in found:
        row = db.execute("SELECT doc FROM lexical_vocabulary WHERE term = ?", (term,)).fetchone()
        found[term] = int(row[0]) if row else 0
    return found


def terms(text: str) -> list[str]:
    """The content terms of a text in their order, repeats included: lower case, stemmed, no stop words."""
    folded = unicodedata.normalize("NFKC", text).lower().replace("\u2019", "'")
    found: list[str] = []
    for word in _WORD.findall(folded):
        if word in STOP_WORDS:
            continue
        if _SPACELESS.search(word):
            found.extend(_pairs(word))
        else:
            found.append(_stem(_one_spelling(word.partition("'")[0] or word)))
    return found


def _one_spelling(word: str) -> str:
    """As "quantisation" for "quantization", "behavior" for "behaviour": a document and its reader may differ."""
    return _OUR.sub("or", _IZE.sub("s", word))


def _pairs(run: str) -> list[str]:
    """Overlapping pairs of characters: the usual stand-in for words in scripts without spaces."""
    return [run[at : at + 2] for at in range(len(run) - 1)] or [run]


def _drop(db: sqlite3.Connection, chunk_id: str) -> set[str]:
    """Forget one chunk; the unit that lost it, when it was there."""
    found = db.execute("SELECT row, unit FROM lexical_chunks WHERE id = ?", (chunk_id,)).fetchone()
    if found is None:
        return set()
    db.execute("DELETE FROM lexical_chunk_terms WHERE rowid = ?", (found[0],))
    db.execute("DELETE FROM lexical_chunks WHERE row = ?", (found[0],))
    return {found[1]}


def _rebuild(db: sqlite3.Connection, units: Iterable[str]) -> None:
    """Write the rows of units afresh from the chunks that they have now."""
    for unit in units:
        known = db.execute("SELECT row FROM lexical_units WHERE unit = ?", (unit,)).fetchone()
        if known is not None:
            db.execute("DELETE FROM lexical_unit_terms WHERE rowid = ?", known)
            db.execute("DELETE FROM lexical_units WHERE row = ?", known)
        parts = db.execute(
            "SELECT t.context, t.body FROM lexical_chunks c JOIN lexical_chunk_terms t ON t.rowid = c.row"
            " WHERE c.unit = ? ORDER BY c.row",
            (unit,),
        ).fetchall()
        if parts:
            row = db.execute("INSERT INTO lexical_units (unit) VALUES (?)", (unit,)).lastrowid
            db.execute(
                "INSERT INTO lexical_unit_terms (rowid, context, body) VALUES (?, ?, ?)",
                (row, parts[0][0], " ".join(body for _, body in parts)),
            )


def _search(db: sqlite3.Connection, table: str, names: str, name: str, query: str, k: int) -> list[tuple[str, float]]:
    wanted = list(dict.fromkeys(terms(query)))[:MAX_TERMS]
    if not wanted or k < 1:
        return []
    # A term holds letters, digits and marks only, so quoting it is enough.
    match = " OR ".join(f'"{term}"' for term in wanted)
    rows = db.execute(
        f"SELECT n.{name}, -f.score FROM (SELECT rowid, rank AS score FROM {table}"
        f" WHERE {table} MATCH ? ORDER BY rank LIMIT ?) f JOIN {names} n ON n.row = f.rowid ORDER BY f.score, n.{name}",
        (match, k),
    ).fetchall()
    return [(str(found), float(score)) for found, score in rows if score > 0]


class _Local(local):
    """One stemmer a thread: PyStemmer's objects are not safe to share."""

    def __init__(self) -> None:
        self.stem = lru_cache(maxsize=50_000)(Stemmer.Stemmer("english").stemWord)


_local = _Local()


def _stem(word: str) -> str:
    stemmed: str = _local.stem(word)
    return stemmed


_WORD = re.compile(r"[^\W_]+(?:'[^\W_]+)?")
_IZE = re.compile(r"(?<=\w\w[iy])z(?=(?:e[drs]?|ers|ing|ations?|able)$)")
_OUR = re.compile(r"(?<=behavi)our|(?<=neighb)our|(?<=^col)our|(?<=^fav)our|(?<=^lab)our")
_SPACELESS = re.compile("[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")

# Articles, prepositions, pronouns, auxiliaries and the words that only make a sentence a question.
_STOP = """
a about above after again all also am an and any are aren't as at be because been before being below
between both but by can can't cannot could couldn't did didn't do does doesn't doing don't during each few for
from further had has hasn't have haven't having he her here hers him his how i i'd i'll i'm i've if in into is
isn't it it's its itself just let's me more most my no nor not of off on once only or other our ours out over
own please same she should so some such than that that's the their theirs them then there there's these they
they're this those through to too under until up us very was we we're were what what's when where which while
who whom whose why will with would you you're your yours
how's where's who's here's we've they've you've won't wouldn't wasn't weren't shouldn't u ur pls plz
"""
# As they are typed in a hurry: "whats", "doesnt"; but an "id" and "ill-conditioned" have a meaning of their own.
_HASTY = {word.replace("'", "") for word in _STOP.split()} - {"id", "ill"}
STOP_WORDS = frozenset(_STOP.split()) | _HASTY
