"""The Progress tab's parts as HTML: mastery by topic, calendar, weakest points, reviews and the history."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from html import escape

from mlprep_bot.debriefing.wording import SIGN, WORDS
from mlprep_bot.interview.attempts import Attempt
from mlprep_bot.interview.memory import Mastery, Memory, due
from mlprep_bot.interview.progress import Held
from mlprep_bot.ui.charts import Spot, calendar_svg, course_svg, day_words
from mlprep_bot.ui.markdown import inline_html
from mlprep_bot.wording import plural, topic_title

Course = Sequence[tuple[date, Mapping[str, Mastery]]]
Plan = Mapping[date, Sequence[Memory]]

REVIEWS_SHOWN = 4  # questions a day
PAST_SHOWN = 8  # interviews; the older ones are folded away

EMPTY = (
    '<div class="ml-empty"><h2>Nothing to show yet</h2><p>After the first interview this page shows how well you know '
    "each topic, what to repeat and when.</p></div>"
)


def summary_html(held: Sequence[Held], found: Mapping[str, Memory], attempts: Sequence[Attempt], now: float) -> str:
    """How much was practised, and how much waits today."""
    questions = len({(a.interview, a.question) for a in attempts})
    waiting = len({m.question for m in due(found, now)})
    tiles = (
        (len(held), "interviews"),
        (questions, "questions marked"),
        (len(found), "key points"),
        (waiting, "due now"),
    )
    return f'<ul class="ml-counts">{"".join(f"<li><strong>{n:,}</strong> {name}</li>" for n, name in tiles)}</ul>'


def mastery_html(course: Course) -> str:
    """A plot a topic, the least known first, and the same numbers as a table."""
    if not course:
        return ""
    first, last = course[0][0], course[-1][0]
    newest = course[-1][1]
    plots = "".join(_plot(topic, course, first, last) for topic in newest)
    return (
        '<section class="ml-part"><h2>What you know, by topic</h2><p class="ml-quiet">The chance that you still '
        "remember the key points, times how right you were. The band is its 90% interval.</p>"
        f'<div class="ml-plots">{plots}</div>{_table(course)}</section>'
    )


def _plot(topic: str, course: Course, first: date, last: date) -> str:
    spots = [Spot(day, m.value, m.low, m.high) for day, known in course if (m := known.get(topic)) is not None]
    now = course[-1][1][topic]
    name = topic_title(topic)
    return (
        f'<figure class="ml-plot"><figcaption><strong>{escape(name)}</strong> {now.value:.0%} '
        f'<span class="ml-quiet">({now.low:.0%} to {now.high:.0%}, {plural(now.n, "key point")})</span></figcaption>'
        f"{course_svg(name, spots, first, last)}</figure>"
    )


def _table(course: Course) -> str:
    rows = "".join(
        f"<tr><td>{escape(topic_title(topic))}</td><td>{day_words(day)}</td><td>{m.value:.0%}</td>"
        f"<td>{m.low:.0%} to {m.high:.0%}</td><td>{m.n}</td></tr>"
        for day, known in reversed(course)
        for topic, m in known.items()
    )
    heads = "".join(f'<th scope="col">{head}</th>' for head in ("Topic", "Day", "Known", "Range", "Key points"))
    return _folded_table("The same as a table", heads, rows)


def _folded_table(title: str, heads: str, rows: str) -> str:
    return (
        f'<details class="ml-fold"><summary>{title}</summary><div class="ml-scroll" tabindex="0" role="group" '
        f'aria-label="{title}"><table class="ml-table"><thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table>'
        "</div></details>"
    )


def calendar_html(counts: Mapping[date, int], today: date) -> str:
    """The days of practice, drawn and as a table."""
    if not counts:
        return ""
    rows = "".join(f"<tr><td>{day_words(day)}</td><td>{n}</td></tr>" for day, n in sorted(counts.items(), reverse=True))
    heads = '<th scope="col">Day</th><th scope="col">Questions</th>'
    return (
        '<section class="ml-part"><h2>Days of practice</h2><p class="ml-quiet">Questions answered on each day.</p>'
        f"{calendar_svg(counts, today)}{_folded_table('Days of practice as a table', heads, rows)}</section>"
    )


def weakest_html(weak: Sequence[Memory], askable: Mapping[str, str]) -> str:
    """The points that lack most, each with a button that drills its question. `askable`: id -> its wording."""
    if not weak:
        return ""
    return (
        '<section class="ml-part"><h2>Weakest points</h2><ul class="ml-points">'
        + "".join(_weak(memory, askable.get(memory.question)) for memory in weak)
        + "</ul></section>"
    )


def _weak(memory: Memory, question: str | None) -> str:
    drill = '<span class="ml-quiet">Its question cannot be asked now.</span>'
    asked = ""
    if question is not None:
        name = escape(f"Drill: {question}")
        drill = f'<button type="button" class="ml-plain" data-do="drill" data-with="{escape(memory.question)}" '
        drill += f'aria-label="{name}">Drill</button>'
        asked = f'<span class="ml-quiet">{inline_html(question)}</span>'
    seen = datetime.fromtimestamp(memory.seen).date()
    return (
        f'<li class="ml-point ml-{memory.last}"><p class="ml-point-head"><span class="ml-verdict-word">'
        f'<span aria-hidden="true">{SIGN[memory.last]}</span> {WORDS[memory.last]}</span>'
        f'<span class="ml-quiet">{escape(topic_title(memory.topic))} · last on {day_words(seen)}</span>{drill}</p>'
        f'<p class="ml-point-text">{inline_html(memory.text)}</p>{asked}</li>'
    )


def reviews_html(plan: Plan, today: date, askable: Mapping[str, str]) -> str:
    """What comes back on which day, by question."""
    rows = "".join(_review(day, points, today, askable) for day, points in plan.items() if points)
    if not rows:
        return ""
    return f'<section class="ml-part"><h2>Coming reviews</h2><ul class="ml-reviews">{rows}</ul></section>'


def _review(day: date, points: Sequence[Memory], today: date, askable: Mapping[str, str]) -> str:
    away = (day - today).days
    when = "Today" if away <= 0 else "Tomorrow" if away == 1 else day_words(day)
    asked = list(dict.fromkeys(askable[p.question] for p in points if p.question in askable))
    more = f"<li>and {len(asked) - REVIEWS_SHOWN} more</li>" if len(asked) > REVIEWS_SHOWN else ""
    items = "".join(f"<li>{inline_html(text)}</li>" for text in asked[:REVIEWS_SHOWN]) + more
    return (
        f'<li><p><strong>{when}</strong> <span class="ml-quiet">{plural(len(points), "key point")}</span></p>'
        f"<ul>{items}</ul></li>"
    )


def history_html(held: Sequence[Held]) -> str:
    """Past interviews, newest first, each to be read again or continued; without marks, which need their reasons."""
    if not held:
        return ""
    recent, older = held[:PAST_SHOWN], held[PAST_SHOWN:]
    fold = ""
    if older:
        fold = f'<details class="ml-fold"><summary>{len(older):,} older</summary>{_past_list(older)}</details>'
    return f'<section class="ml-part"><h2>Interviews</h2>{_past_list(recent)}{fold}</section>'


def _past_list(held: Sequence[Held]) -> str:
    return f'<ul class="ml-history">{"".join(map(_past, held))}</ul>'


def _past(one: Held) -> str:
    began = datetime.fromtimestamp(one.began)
    when = f"{day_words(began.date())}, {began:%H:%M}"
    word = "Read again" if one.ended else "Continue"
    facts = [plural(one.done, "question"), one.setup.style.value, *map(topic_title, one.setup.topics[:3])]
    if not one.ended:
        facts.insert(1, "not finished")
    return (
        f'<li><span><strong>{when}</strong> <span class="ml-quiet">{escape(" · ".join(facts))}</span></span>'
        f'<button type="button" class="ml-plain" data-do="open" data-with="{escape(one.id)}" '
        f'aria-label="{word}: {when}">{word}</button></li>'
    )
