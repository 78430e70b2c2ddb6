"""Words of everyday English that a paraphrase may add or exchange without stating anything new.

A sentence that uses a word which its passage lacks is suspicious, unless the word is one of these: they
carry grammar and style, not subject matter. Nothing here belongs to one field of knowledge.
"""

from __future__ import annotations

from mlprep_bot.answering.facts import stem

_WORDS = """
able accept accept accomplish account achieve act actual add address adjust adopt affect aim allow alter alternative amount answer
apart appear apply approach appropriate arise arrange arrive aspect assess assign assume attach attempt attribute avoid aware basic basis
become begin behave belong benefit bind bound break brief bring broad build calculate call capable carry case catch cause
chance change check choice choose circumstance clear close collect combine common compare complete compute concern condition conduct confirm
connect consequence consider consist constrain construct contain content continue contribute control convert correspond count course cover create
current damage deal decide decision define degree deliver demand depend derive describe design desire detail detect determine develop
differ difference difficult direct discover discuss display distinct divide document draw drive due earn ease effect effective effort element
emerge employ enable end ensure enter entire especially essential establish estimate evaluate event eventually evidence exact examine example exceed
exchange execute exist existing expand expect experience explain explicit express extent extra face fact factor fail feature figure
final find finish fit fix focus follow force forget form formulate found frequent fresh full function fundamental further gather gap
general generate give given goal grant great group grow guarantee guide handle happen help hence hint hit hold idea identical identify
imply important impose improve include incorporate indicate individual inform initial inside insist instance instead intend interact introduce
involve issue item job join keep key kind lack large lead learn leave let level lie likely limit link list literally little look lose lot lower
main maintain major manage manner mark matter maximum measure meet mention merely method mind minimum mix mode modify moment move
multiple natural near necessary need new normal notable note notice number numerous observe obtain obvious occur offer operate option
order ordinary origin outcome overall own part particular pass pay perform permit person phase piece place plain plan play plus point portion
position possess possible practice practical precise prefer prepare present prevent previous primary principle prior probably problem procedure
proceed process produce proper property propose provide purpose put question quick raise range reach real realise reason receive
recognise recommend record refer reflect regard regular relate relation release relevant rely remain remember remove repeat replace report
represent require resolve respect respond rest restrict result return reveal right rise role room rough rule run safe same satisfy save say scenario
scope see seem select send sense separate serious serve set several share shift short show side significant similar simple simply
simultaneously single situation size slight small solely solve sort source specific specify spend spread stage stand standard start state stay step stop
straightforward strategy strength strict strong structure struggle subject substantial succeed such sufficient suffer suggest suit supply support
suppose sure surface surpass system tackle take talk target task technique tell tend term thing think throw time together tool total touch track
transform treat trigger true truly try turn type typical ultimately understand undergo unique update use useful usual utilise value
vary various verify version view vital want watch way weak whole wide wish within word work worth write wrong yield
accordingly actually additionally afterwards altogether anyway approximately basically briefly certainly clearly commonly completely consistently
constantly correctly currently deeply directly easily effectively efficiently entirely equally essentially exactly extremely fairly
finally fully further generally greatly highly however immediately importantly increasingly indeed inherently initially largely
mainly merely moreover namely naturally necessarily normally notably otherwise overall particularly perfectly possibly potentially
practically precisely previously primarily properly purely quickly rapidly readily really relatively respectively roughly significantly
simply slightly solely somewhat specifically strongly subsequently substantially successfully suddenly sufficiently thereby
thoroughly truly typically ultimately usually virtually whereby widely early late later earlier today ahead behind
beyond across along among amongst around aside away back beneath besides despite except inside onto opposite outside throughout towards underneath unlike upon
anyone anything everyone everything someone something somebody nobody anybody people person user reader someone ourselves yourself themselves
beforehand exchange owing terms regardless corresponding so-called scheme spell account accounts mostly instead alike bigger big huge
tiny heavy quick slow fast hard soft good bad better best worse worst nice poor rich fine ok okay easier harder smaller larger fewer few enough
plenty hundred first second third last next once twice again never always often sometimes rarely seldom soon yet
amount lots bit pieces bits kind kinds sorts types number numbers pair pairs couple bunch series range variety
drop drops dropped fell fall rise push pull lift cut cuts shrink sink climb jump grow stays remains becomes gets
need needs needed want must ought shall hurt hurts harm help helps damage matter matters mean means signal signals sign signs
comes go goes went done doing makes making taking giving getting putting keep keeping letting throwing turning
""".split()
GENERIC = frozenset(stem(word) for word in _WORDS)
