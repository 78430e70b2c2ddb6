"""XQuAD (Artetxe et al. 2020) as a BEIR folder, for `mlprep eval beir`.

    python eval/xquad_to_beir.py ../shared/data/retrieval/xquad.en.json FOLDER
    mlprep eval beir FOLDER

XQuAD's English part is 240 paragraphs of Wikipedia with 1,190 questions. Each paragraph becomes a document under its
article's title, and is the one relevant document of its questions. Annotators saw the paragraph while they asked, so
questions share its words: high figures here say little about people who do not know what the documents say.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any


def paragraphs(data: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """(id, title, paragraph); the id says which article and which paragraph of it."""
    for article in data["data"]:
        title = str(article.get("title", "")).replace("_", " ")
        for number, paragraph in enumerate(article["paragraphs"]):
            yield f"{article.get('title', 'article')}/{number}", title, paragraph


def convert(source: Path, folder: Path) -> tuple[int, int]:
    """Write the folder; gives the numbers of documents and questions. Raises KeyError for another layout."""
    data = json.loads(source.read_text(encoding="utf-8"))
    corpus, queries, judgements = [], [], ["query-id\tcorpus-id\tscore"]
    for identity, title, paragraph in paragraphs(data):
        corpus.append(json.dumps({"_id": identity, "title": title, "text": paragraph["context"]}))
        for asked in paragraph["qas"]:
            queries.append(json.dumps({"_id": asked["id"], "text": asked["question"]}))
            judgements.append(f"{asked['id']}\t{identity}\t1")
    (folder / "qrels").mkdir(parents=True, exist_ok=True)
    for name, lines in (("corpus.jsonl", corpus), ("queries.jsonl", queries), ("qrels/test.tsv", judgements)):
        (folder / name).write_text("\n".join(lines) + "\n", encoding="utf-8")
    return len(corpus), len(queries)


def main() -> None:
    """Convert, and say what there is."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("source", type=Path, help="xquad.en.json, or any file of SQuAD 1.1's layout")
    parser.add_argument("folder", type=Path)
    given = parser.parse_args()
    try:
        documents, questions = convert(given.source, given.folder)
    except (OSError, ValueError, KeyError, TypeError) as error:
        sys.exit(f"{given.source} cannot be converted ({error!r}). Expected is JSON of SQuAD 1.1's layout.")
    print(f"{documents} documents and {questions} questions in {given.folder}")


if __name__ == "__main__":
    main()
