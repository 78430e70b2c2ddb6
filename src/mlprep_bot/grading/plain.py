"""From an answer to verdicts on key points, without a language model.

Each key point is compared with the stretches of the answer that may be evidence (`reading`, `features`); two small
regressions (`weights`) say how likely it was met, met in part, missed or contradicted; limits turn that into a
verdict, and into "could not tell" where two verdicts that exclude each other are about equally likely.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from mlprep_bot.answering.facts import everyday, tokens
from mlprep_bot.answering.vectors import VectorMemory
from mlprep_bot.domain import KeyPoint
from mlprep_bot.grading.copying import objection
from mlprep_bot.grading.features import Observed, observe
from mlprep_bot.grading.reading import Reading
from mlprep_bot.grading.rubric import Outcome, PointGrade, PointVerdict, grade
from mlprep_bot.grading.weights import CLASSES, Head, calibrated
from mlprep_bot.ports import Embedder

MODEL_FREE = "model-free"
MOST_OF_REFERENCE = 3  # key points of a short reference answer; a rubric has more
_NAMED = 3  # words of a point that a reason names
_SHORT = 3  # letters of words that would tell nothing there
_LEANS, _BELIEVED = 0.25, 0.5  # cosines: nearer by so much to a wrong belief, and as near to it, is no praise
_CLOSE = 0.45  # cosine from which on "nothing" would be wrong
_NOTHING = "Nothing in your answer says this, as far as can be told from its words."


class PlainGrader:
    """Grades with the embedding model alone. Deterministic and thread-safe.

    `of_reference`: the key points are the sentences of one reference answer, however many, and are marked as the
    people did who mark by references: nearer to the whole than to each point.
    """

    name = MODEL_FREE

    def __init__(
        self, embedder: Embedder, heads: Mapping[str, Head] | None = None, *, of_reference: bool = False
    ) -> None:
        self._vectors = VectorMemory(embedder)
        self._heads = heads or calibrated()
        self._of_reference = of_reference

    def grade(self, question: str, points: Sequence[KeyPoint], answer: str) -> Outcome:
        """See `grader.Grader`. Raises EmbedderError."""
        reading = Reading(question, answer, self._vectors)
        judged = [self._judge(point, reading, points) for point in points]
        return grade(judged, answer, self.name)

    def _judge(self, point: KeyPoint, reading: Reading, points: Sequence[KeyPoint]) -> PointGrade:
        if reading.empty:
            return PointGrade(point, PointVerdict.MISSED, "", reading.why_empty)
        observed = observe(point, reading, points)
        return objection(point, observed) or decide(point, observed, self._head(point, len(points)))

    def _head(self, point: KeyPoint, points: int) -> Head:
        """The regression that judges a point of a rubric of so many: see `weights`."""
        if point.wrong:
            return self._heads["authored"]
        derived, reference = self._heads["derived"], self._heads["reference"]
        if self._of_reference:
            return reference
        if points > MOST_OF_REFERENCE:
            return derived
        # A short rubric is no whole answer: what is hardly near a point is nothing, as in a long one.
        low = derived.limits
        return replace(reference, limits=replace(reference.limits, missed=low.missed, near=low.near))


def decide(point: KeyPoint, observed: Observed, head: Head) -> PointGrade:
    """The verdict that a head's probabilities and limits give, with its evidence and reason."""
    chance = dict(zip(CLASSES, head.probabilities(observed.values), strict=True))
    against, met = chance[PointVerdict.CONTRADICTED], chance[PointVerdict.MET]
    # How much of the point is made, given that it is not contradicted: that is decided by itself.
    made = (met + 0.5 * chance[PointVerdict.PARTIAL]) / max(1e-6, 1 - against)
    limits = head.limits
    values = observed.values
    if not values or (values["cosine"] < limits.near and values["cover_new_soft"] < limits.words):
        return PointGrade(point, PointVerdict.MISSED, "", _NOTHING)
    opposed = against > limits.contradicted and against > met
    # Two verdicts that exclude each other are both likely; or no single sentence leans to the wrong belief that would
    # be blamed; or one leans to it plainly where there would be praise.
    blamed = opposed and point.wrong and observed.leans <= 0
    praised = not opposed and made >= limits.missed and observed.leans > _LEANS and values.get("wrong", 0.0) > _BELIEVED
    if min(met, against) > limits.doubt or blamed or praised:
        return PointGrade(point, PointVerdict.UNVERIFIED, "", f"Could not tell: did you mean “{point.text}”?")
    if opposed:
        nearest = observed.against or observed.best
        return PointGrade(point, PointVerdict.CONTRADICTED, nearest.text if nearest else "", leaning(point))
    evidence = observed.quote.text if observed.quote else ""
    if made >= limits.met:
        return PointGrade(point, PointVerdict.MET, evidence, "Your words say this.")
    if made < limits.missed:
        reason = "Something comes near this, but does not say it." if values["cosine"] > _CLOSE else _NOTHING
        return PointGrade(point, PointVerdict.MISSED, "", reason)
    return PointGrade(point, PointVerdict.PARTIAL, evidence, _partly(point, observed), share=limits.share(made))


def leaning(point: KeyPoint) -> str:
    """Why a point counts as contradicted, for the candidate."""
    if point.wrong:
        return f"Your words come closer to a common wrong belief: “{point.wrong}”"
    return "Your words say the opposite or something else."


def _partly(point: KeyPoint, observed: Observed) -> str:
    """What a point that was made in part still lacks, by its telling words."""
    said = {t.stem for t in tokens(observed.best.text)} if observed.best else set()
    common = everyday()
    lacking = [t.text for t in tokens(point.text) if t.content and len(t.text) > _SHORT and t.stem not in said | common]
    if not lacking:
        return "You come near this; say it more plainly."
    return f"You come near this; not said plainly: {', '.join(dict.fromkeys(lacking[:_NAMED]))}."
