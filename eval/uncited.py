"""The threshold for sentences that a model wrote without a citation (`answering/verdicts.py`), chosen on dev.

    python eval/uncited.py    the share of true and of false dev sentences that pass, by threshold

Such a sentence is compared with every passage of an answer. So each row of eval/support/dev.jsonl is checked against
its own passage and ten others: of the same card, then of the topic, then any. A sentence that was paired with a wrong
passage meets no passage of its own card, where it would be true. Quotations are left out: they always pass.
Precision is that of equally many true sentences and edited ones.
"""

from __future__ import annotations

import random
from collections.abc import Sequence

import numpy as np

from mlprep_bot.adapters.embeddings import load_embedder
from mlprep_bot.answering.support import SupportChecker
from mlprep_bot.domain import Passage
from mlprep_bot.evaluation.data import support_rows
from mlprep_bot.evaluation.support import Row, passage, read
from mlprep_bot.settings import load_settings

OTHERS = 10
WANTED = 0.95


def others(row: Row, pool: Sequence[Passage], chance: random.Random) -> list[Passage]:
    """Ten passages beside the row's own, the nearest by subject first."""
    topic = row["document"].partition("/")[0]
    kept = [p for p in pool if (p.document, p.start) != (row["document"], row["start"])]
    if row["kind"] == "wrong passage":
        kept = [p for p in kept if not p.document.endswith(f"/{row['card']}.md")]
    chance.shuffle(kept)
    kept.sort(key=lambda p: (p.document != row["document"], not p.document.startswith(f"{topic}/")))
    return kept[:OTHERS]


def scores(checker: SupportChecker, rows: Sequence[Row]) -> list[float]:
    """The probability of the best window of all passages, by row."""
    pool = list({(row["document"], row["start"]): passage(row) for row in rows}.values())
    chance = random.Random(1)
    return [checker.check(row["sentence"], [passage(row), *others(row, pool, chance)]).score for row in rows]


def main() -> None:
    """Print the table, and the lowest threshold that reaches the precision wanted."""
    rows = [row for row in read(support_rows("dev")) if row["kind"] != "verbatim"]
    found = np.array(scores(SupportChecker(load_embedder(load_settings())), rows))
    true = found[[row["label"] for row in rows]]
    edited = found[[not row["label"] and row["kind"] != "wrong passage" for row in rows]]
    wrong = found[[row["kind"] == "wrong passage" for row in rows]]
    print(f"{len(true)} true, {len(edited)} edited, {len(wrong)} of other passages")
    print("threshold  true  edited  wrong passage  precision")
    first = None
    for threshold in np.arange(0.50, 0.96, 0.01):
        passed = [float((group >= threshold).mean()) for group in (true, edited, wrong)]
        precision = passed[0] / max(1e-9, passed[0] + passed[1])
        print(f"{threshold:9.2f} {passed[0]:5.2f} {passed[1]:7.3f} {passed[2]:14.3f} {precision:10.3f}")
        first = first if first is not None or precision < WANTED else threshold
    print(f"lowest with precision {WANTED}: {first:.2f}" if first is not None else "none reaches it")


if __name__ == "__main__":
    main()
