"""Build eval/support/{dev,test}.jsonl from the hand-written cases and the corpus: `python eval/support_cases.py`.

Cards are split, not sentences: what is tuned on dev has never seen a test card. A row whose card no longer
holds its evidence stops the build, so the data cannot drift silently from the corpus.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from mlprep_bot.answering.sentences import split_units

HERE = Path(__file__).resolve().parent
CORPUS = HERE.parent / "corpus"
PASSAGE_CHARS = 700
KINDS = {"n": "number", "!": "negation", "e": "entity", "c": "cause"}
TRUE = {"=": "paraphrase", "~": "light"}  # reworded freely, or as lightly as a model does with the passage before it
Row = dict[str, Any]


def split_of(card: str) -> str:
    """Half of the cards are for testing, chosen by their name."""
    return "test" if hashlib.sha256(card.encode()).digest()[0] % 2 else "dev"


def find(text: str, wanted: str, begin: int = 0) -> int:
    """The offset of `wanted`, whatever its line breaks. Raises ValueError when it is not there."""
    pattern = r"[\s$*`]+".join(re.escape(word) for word in wanted.split())
    match = re.compile(pattern, re.IGNORECASE).search(text, begin)
    if not match:
        raise ValueError(f"the card does not say: {wanted}")
    return match.start()


def passage_around(text: str, at: int) -> tuple[int, int]:
    """Whole blocks around an offset, at least PASSAGE_CHARS long where the section allows."""
    units = [u for u in split_units(text) if u.kind not in ("rule",)]
    here = next(i for i, u in enumerate(units) if u.start <= at < u.end)
    first = last = here
    while units[last].end - units[first].start < PASSAGE_CHARS:
        before = first > 0 and units[first - 1].kind != "heading" and units[first - 1].start > text.index("\n---\n")
        after = last + 1 < len(units) and units[last + 1].kind != "heading"
        if after and (not before or last - here <= here - first):
            last += 1
        elif before:
            first -= 1
        else:
            break
    while first and units[first - 1].paragraph == units[first].paragraph:
        first -= 1
    while last + 1 < len(units) and units[last + 1].paragraph == units[last].paragraph:
        last += 1
    return units[first].start, units[last].end


def sentence_at(text: str, at: int) -> str:
    """The sentence of the card that the offset lies in, on one line."""
    unit = next(u for u in split_units(text) if u.start <= at < u.end)
    return re.sub(r"\s+", " ", text[unit.body : unit.end])


def edited(base: str, change: str) -> str:
    """`old=>new` applied to `base`, or `change` itself when it is a whole sentence."""
    old, arrow, new = change.partition("=>")
    if not arrow:
        return change
    if old not in base:
        raise ValueError(f"cannot change {old!r} in {base!r}")
    return base.replace(old, new, 1)


def rows() -> Iterator[Row]:
    """Every case as a row, without the wrong-passage ones."""
    paths = {p.stem: p for p in CORPUS.glob("*/*.md")}
    card, text, at, span, true, base = "", "", 0, (0, 0), "", ""
    wrong: list[str] = []
    for number, line in enumerate((HERE / "support" / "cases.txt").read_text(encoding="utf-8").splitlines(), 1):
        key, _, rest = line.partition(" ")
        try:
            if key == "@":
                card, text = rest, paths[rest].read_text(encoding="utf-8")
            elif key == ">":
                at = find(text, rest, text.index("\n---\n"))
                span = passage_around(text, at)
                yield row(paths[card], text, span, "verbatim", "card", sentence_at(text, at), number)
            elif key in TRUE:
                true, base = rest, TRUE[key]
                yield row(paths[card], text, span, "paraphrase", base, true, number)
            elif key in KINDS:
                yield row(paths[card], text, span, KINDS[key], base, edited(true, rest), number)
            elif key and key[0] == "v":
                yield row(paths[card], text, span, KINDS[key[1]], "card", edited(sentence_at(text, at), rest), number)
        except (ValueError, KeyError, StopIteration) as error:
            wrong.append(f"cases.txt line {number}: {error!r}")
    if wrong:
        raise SystemExit("\n".join(wrong))


def row(path: Path, text: str, span: tuple[int, int], kind: str, base: str, sentence: str, number: int) -> Row:
    """One line of the data; `number` is the line of cases.txt that it comes from."""
    return {
        "id": f"{path.stem}:{number}:{kind}",
        "card": path.stem,
        "kind": kind,
        "base": base,  # what was changed: the card's own sentence or a paraphrase
        "sentence": sentence,
        "document": path.relative_to(CORPUS).as_posix(),
        "start": span[0],
        "end": span[1],
        "question": re.findall(r"^question: (.+)$", text, re.MULTILINE)[0].strip('"'),
        "passage": text[span[0] : span[1]],
        "label": kind in ("verbatim", "paraphrase"),
    }


def words(text: str) -> set[str]:
    """The longer words, to find passages that talk about the same."""
    return set(re.findall(r"[a-z]{4,}", text.lower()))


def wrong_passages(found: list[Row]) -> Iterator[Row]:
    """Each paraphrase with the passage of its topic (another card) that shares most words, or with a far one."""
    true = [r for r in found if r["kind"] == "paraphrase"]
    skipped = set((HERE / "support" / "not-wrong.txt").read_text(encoding="utf-8").split())
    for i, claim in enumerate(true):
        topic = claim["document"].split("/")[0]
        others = [r for r in true if r["card"] != claim["card"] and split_of(r["card"]) == split_of(claim["card"])]
        near = [r for r in others if r["document"].split("/")[0] == topic]
        far = [r for r in others if r["document"].split("/")[0] != topic]
        same = [
            r for r in true if r["card"] == claim["card"] and (r["end"] <= claim["start"] or r["start"] >= claim["end"])
        ]
        wanted = words(claim["sentence"])
        for name, pool in (("same-card", same), ("near", near), ("far", far)):
            if not pool or (name == "far" and i % 2):
                continue
            other = max(pool, key=lambda r: (len(wanted & words(r["passage"])), r["id"]))
            made = {**other, "id": f"{claim['id'].rsplit(':', 1)[0]}:wrong-{name}", "card": claim["card"],
                    "kind": "wrong passage", "base": name, "sentence": claim["sentence"], "label": False}  # fmt: skip
            if made["id"] not in skipped:
                yield made


def main() -> None:
    """Write both splits."""
    found = list(rows())
    found += list(wrong_passages(found))
    for split in ("dev", "test"):
        part = [r for r in found if split_of(r["card"]) == split]
        lines = "".join(json.dumps(r, ensure_ascii=False) + "\n" for r in part)
        (HERE / "support" / f"{split}.jsonl").write_text(lines, encoding="utf-8")
        print(f"{split}: {len(part)} rows, {len({r['card'] for r in part})} cards")


if __name__ == "__main__":
    main()
