"""Everyday words that say the same, so that "cut" is found in "reduces" (general English, no field's terms)."""

from __future__ import annotations

_GROUPS = """
change alter modify shift move vary adjust affect influence | reduce lower decrease shrink diminish cut drop fall decline lessen | increase raise rise grow boost lift climb push |
need require demand want must | use employ utilise apply rely | show demonstrate reveal indicate display illustrate | choose select pick | large big huge great high |
small little tiny low slight | start begin initial | end finish stop final | error mistake fault | wrong incorrect false inaccurate | right correct true accurate |
make create build produce generate construct | get obtain receive gain acquire | keep retain hold preserve maintain stay remain | give provide supply offer yield deliver |
help assist aid support | hurt harm damage worse worsen degrade deteriorate | stop prevent avoid block hinder inhibit | allow enable let permit | cause lead trigger induce |
combine merge join unite fold blend | split divide separate partition | remove delete discard drop eliminate drop | add include append | measure quantify gauge |
estimate approximate | compute calculate | check verify test validate inspect | find detect discover identify spot | fast quick rapid speedy | slow sluggish |
important crucial essential vital key | often frequently commonly | usually typically normally generally mostly mainly | seldom rarely | always invariably | almost nearly practically |
same equal identical | different distinct other another | similar alike comparable | whole entire full complete | each every all | many numerous several | enough sufficient adequate |
cost price expense expensive | cheap inexpensive | limit constrain restrict cap bound | train fit learn | retrain refit | forecast predict anticipate | happen occur arise | exist be |
separate independent apart | old previous prior former earlier | new fresh recent novel | part piece portion component fraction share | group cluster | row record example sample instance observation case |
aim goal objective target purpose | way method approach technique manner | idea concept notion | reason cause | result outcome consequence effect | benefit advantage | drawback disadvantage weakness |
task job work | user customer client person people | answer reply response respond | ask request query | send transmit | store save hold | show present | fix repair mend resolve | break fail |
explode blow | huge enormous | hard difficult tough | easy simple straightforward | clear obvious evident | likely probable | chance probability likelihood | size magnitude | length duration |
near close | far distant | above over beyond exceed | below under beneath | inside within | outside beyond | number count quantity amount | rate frequency | speed pace velocity |
rise increase | biased skewed | spread distribute | weight coefficient | penalty penalise penalize | random chance | gap difference distance | last final | first initial |
whereas while but although | because since as | get become turn | run execute | finish complete | assume suppose presume | state say declare specify tell describe report | need necessity |
look inspect examine view | trace track follow | throw discard | copy duplicate | gather collect | start launch | throughout during | drop discard | damage hurt | noisy noise | opt choose | whole total |
serve serving inference production | evaluate assess judge | dataset data set | feature input variable | release version | revert rollback | machine server | document file |
grow expand enlarge | maximum highest largest most | minimum lowest smallest least | average mean | roughly approximately about around circa | just only merely solely | twice double |
""".strip()
# A word in several groups keeps the first; verbs that are too common to mean anything are left out on purpose.
_EXCLUDED = frozenset(
    "be other work case all set key hold cost about around over under as most least data while since only just but".split()
)


def groups() -> list[list[str]]:
    """The groups of words, the first of each standing for all."""
    return [
        [word for word in group.split() if word not in _EXCLUDED]
        for group in _GROUPS.replace("\n", " ").split("|")
        if group.strip()
    ]
