"""What an interviewer says between question and debrief: hints and follow-ups that reveal nothing (pure).

A hint first says what a point is about, then shows its sentence with gaps. A follow-up asks why, or for a
case: about the candidate's own words where they contradict a point, about its subject where they missed it.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterator, Sequence

from mlprep_bot.domain import KeyPoint
from mlprep_bot.grading.rubric import Outcome, PointGrade, PointVerdict
from mlprep_bot.interview.gaps import with_gaps
from mlprep_bot.interview.naming import Named, named
from mlprep_bot.interview.record import Hinted, Probed, Prompt, Round
from mlprep_bot.knowledge.lexical import terms

_CREDITED = (PointVerdict.MET, PointVerdict.PARTIAL)
_PROBED = (PointVerdict.CONTRADICTED, PointVerdict.MISSED)
_LONGEST_QUOTE = 160  # characters of the candidate's words that a follow-up repeats
_BLANKLY = re.compile(
    r"\W*(?:(?:sorry|well|hmm+|erm?|uh+|honestly|i|i'm|im|i've|am|have|really|just|do|does|did|don't|dont|not|no|never|"
    r"can't|cant|cannot|couldn't|idk|dunno|know|idea|ideas|clue|sure|remember|recall|think|of|it|this|that|the|answer|"
    r"heard|anything|nothing|pass|skip|next|none|at|all|say|to|about|any|a|question|n/?a)\b\W*)*",
    re.IGNORECASE,
)

# What a point's own words tell about the kind of thing it says; the first that fits counts.
_KINDS = (
    (re.compile(r"\b(?:whereas|while|but|unlike)\b"), "contrast"),
    (re.compile(r"\b(?:unless|only (?:if|when)|provided)\b"), "condition"),
    (re.compile(r"\b(?:because|since|so|therefore|due to)\b"), "reason"),
    (re.compile(r"(?<!\w)\d"), "number"),
)
_HINT_ENDS = {
    "contrast": " There are two sides to it.",
    "condition": " Say on what it depends.",
    "reason": " Say why, too.",
    "number": " Try it with numbers.",
    "": "",
}
_ASK_ENDS = {
    "contrast": (", and what is the other side of it?", "? Name both sides, and tell me why."),
    "condition": ("? On what does that depend, and why?", ", and in which case does that hold?"),
    "reason": (", and why?", "? Tell me why, please."),
    "number": ("? A worked example with numbers would help.", "? Put a number on it, and tell me why."),
    "": (", and why?", "? Give me a case that shows it.", "? A concrete case would help."),
}
# Where the form of the question asks for another ending.
_WHAT_IS = ("? Put it exactly, and tell me why it matters.", "? Give me a case that shows it.")
_FORM_ENDS = {
    "what is": _WHAT_IS,
    "what are": _WHAT_IS,
    "how": (", and why in that way?", "? Tell me why that way, please."),
    "why": ("? Give me a case that shows it.", "? A concrete case would help."),
}
_FORM = re.compile(r"(?:^|, )(what (?:is|are)|how|why)\b")
_CLOSING = {
    "contrast": "What happens there, and what is the other side of it?",
    "condition": "On what does it depend, and why?",
    "reason": "What happens there, and why?",
    "number": "What would you expect there? A worked example with numbers would help.",
    "": "Why does it matter here? A concrete case would help.",
}
_OPENINGS = ("", "", "One more thing: ", "Let me go a little deeper: ", "Staying with this for a moment: ")
_SUBJECTS = ("Say more about {}.", "Take {}.", "Let us turn to {}.", "Let me ask about {}.")
_GENERAL = {
    "contrast": "Is there another side to this? Tell me which, and why.",
    "condition": "Does that hold in every case? On what does it depend, and why?",
    "reason": "What else plays a part here, and why?",
    "number": "Can you make this concrete with numbers? Walk me through a small example, and say why it comes out so.",
    "": "What would you add if a colleague doubted this? A concrete case would help.",
}
_AGAIN = (
    "Suppose that you had to defend this in a review. What is still missing, and why does it matter?",
    "Think of a case from practice. What else would decide it, and why?",
)
_QUOTED = (
    "You said: “{}”. Why is that so?",
    "You said: “{}”. Give me a case where it holds, and one where it does not.",
    "Let me come back to “{}”. What is the reason for it, and does it always hold?",
    "Walk me through this step by step, with a case: “{}”.",
)
_UNCLEAR = ("I did not quite follow you on {}. Say it more exactly, and why.", "Can you be more exact about {}? Why?")
_HINTS = ("Think about {}.", "One of the main points is {}.", "A good answer says {}.")
_BARE_HINTS = ("Think about {}.", "One of the main points is about {}.", "A good answer speaks of {}.")
_GAPPED = ("Fill the gaps: “{}”", "Say this in your own words, with the gaps filled: “{}”")
_KIND_HINTS = {
    "contrast": "One of the main points has two sides. Which ones, and where do they part?",
    "condition": "One of the main points holds only under a condition. On what does it depend?",
    "reason": "One of the main points gives a reason. Say what happens, and then why.",
    "number": "One of the main points can be worked out in numbers. Try a small example.",
    "": "Think of a case from practice. What would you have to decide, and what could go wrong?",
}


_DRAWS = 5  # wordings that are drawn so that none is used twice about one question


def hint(said: Round, rng: random.Random) -> Hinted | None:
    """The next hint: to the point of the follow-up that waits, else to the heaviest point that is not met yet.

    None when there is no key point that a hint could help with.
    """
    prompt, aimed = said.prompt, said.turns[-1].point
    given = [h.point for h in said.hints]
    judged = said.outcome.points if said.outcome else ()
    met = {i for i, p in enumerate(judged) if p.verdict is PointVerdict.MET}
    for index in _by_weight(prompt.points, aimed):
        if index in met:
            continue
        # A follow-up has named its subject already.
        if text := _hint(prompt, index, given.count(index) + (index == aimed), rng):
            return Hinted(index, text)
    return None


def _by_weight(points: Sequence[KeyPoint], first: int | None) -> list[int]:
    return sorted(range(len(points)), key=lambda i: (i != first, -points[i].weight, i))


def _hint(prompt: Prompt, index: int, nth: int, rng: random.Random) -> str:
    """The `nth` hint (from 0) to a point, "" when there are no more."""
    point = prompt.points[index].text
    kind, about = _kind(point), named(point, prompt.text)
    hints = []
    if about is not None:
        wordings = _HINTS if about.question else _BARE_HINTS
        hints.append(rng.choice(wordings).format(about.topic) + _HINT_ENDS[kind])
    if gapped := with_gaps(point, prompt.text, about.topic if about else ""):
        hints.append(rng.choice(_GAPPED).format(gapped))
    return (hints or [_KIND_HINTS[kind]])[nth] if nth < max(1, len(hints)) else ""


def follow_up(said: Round, outcome: Outcome, rng: random.Random, most: int) -> Probed | None:
    """The next follow-up after `outcome`, None when there is nothing to ask or `most` were asked.

    It is aimed at the heaviest point that was contradicted or missed (contradicted first at equal weight), then at
    what could not be judged; at each point once. An answer that says nothing at all is followed up once.
    """
    asked = [turn.point for turn in said.turns if turn.point is not None]
    if len(asked) >= (1 if _gave_up(said, outcome) else most):
        return None
    before = {turn.asked for turn in said.turns}
    for index, grade in _aims(outcome):
        if index not in asked and index < len(said.prompt.points):
            wordings = [_ask(said.prompt, index, grade, rng) for _ in range(_DRAWS)]
            return Probed(index, next((text for text in wordings if text not in before), wordings[0]))
    return None


def says_nothing(answer: str) -> bool:
    """Whether an answer is empty or only says that one does not know."""
    words = answer.replace("’", "'").split()
    return not words or (len(words) <= 15 and bool(_BLANKLY.fullmatch(" ".join(words))))


def _gave_up(said: Round, outcome: Outcome) -> bool:
    credited = any(p.verdict in _CREDITED for p in outcome.points)
    return not credited and says_nothing(said.turns[-1].answer or "")


def _aims(outcome: Outcome) -> Iterator[tuple[int, PointGrade]]:
    """The points worth a follow-up, most valuable first."""
    wanted = [(i, p) for i, p in enumerate(outcome.points) if p.verdict in _PROBED]
    yield from sorted(wanted, key=lambda ip: (-ip[1].point.weight, _PROBED.index(ip[1].verdict), ip[0]))
    unclear = [(i, p) for i, p in enumerate(outcome.points) if p.verdict is PointVerdict.UNVERIFIED]
    yield from sorted(unclear, key=lambda ip: (-ip[1].point.weight, ip[0]))


def _ask(prompt: Prompt, index: int, grade: PointGrade, rng: random.Random) -> str:
    own = [text for point, text in prompt.follow_ups if point == index]
    if own:
        return rng.choice(own)
    point = prompt.points[index].text
    if grade.verdict is PointVerdict.CONTRADICTED and terms(grade.evidence):
        return rng.choice(_QUOTED).format(quoted(grade.evidence))
    about = named(point, prompt.text)
    if about is None:
        return rng.choice((_GENERAL[_kind(point)], *_AGAIN))
    if grade.verdict is PointVerdict.UNVERIFIED:
        return rng.choice(_UNCLEAR).format(about.topic)
    return _ask_about(about, _kind(point), rng)


def _ask_about(about: Named, kind: str, rng: random.Random) -> str:
    if not about.question:
        return f"{rng.choice(_SUBJECTS).format(about.topic)} {_CLOSING[kind]}"
    form = _FORM.search(about.question)
    ends = _FORM_ENDS[form[1]] if form and kind in ("", "reason") else _ASK_ENDS[kind]
    return _capital(rng.choice(_OPENINGS) + about.question + rng.choice(ends))


def _kind(point: str) -> str:
    """Whether the point contrasts, has a condition, gives a reason or a number, "" for none of these."""
    return next((kind for pattern, kind in _KINDS if pattern.search(point)), "")


def quoted(evidence: str) -> str:
    """The candidate's words for the inside of quotation marks: in one line, cut at a word when they are many."""
    text = " ".join(evidence.split()).translate(str.maketrans('“”"', "‘’'"))
    if len(text) > _LONGEST_QUOTE:
        text = text[:_LONGEST_QUOTE].rsplit(" ", 1)[0].rstrip(",;:-") + " …"
    for mark in ("```", "`", "$", "**"):  # half a pair would set the rest of the line as code or mathematics
        if text.count(mark) % 2:
            text = text.replace(mark, "")
    return text.strip().rstrip(".;,:!")


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
