"""Word lists of English for `naming.py`: which word is a verb, where a subject ends, what begins a setting."""

from __future__ import annotations


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


BE = _words("is are was were")
MODALS = _words("can cannot could may might must should will would")
DO = _words("do does did")
PREPOSITIONS = _words(
    "in with for after at under on by without among between during from over across within before beyond of to"
)
OPENING_CLAUSES = _words("if when because since as although while where whenever once unless whether to")
RELATIVES = _words("that which who whose where")
DETERMINERS = _words("a an the each every one any most no all some its their two three both")
ARTICLES = _words("a an the each every its their")
ADVERBS = _words(
    "often usually only still also then never not rarely hardly mostly already always sometimes typically both even "
    "therefore thus first no longer merely simply mainly generally normally quickly slowly far much"
)
NO_SUBJECT = _words(
    "it this that these those they we i you he she there both such here which what neither many few much half most "
    "nearly almost only all more less fewer about roughly around and or but not even no zero nothing your our my"
)
STARTS_OBJECT = DETERMINERS | _words("how what that whether only not many more less fewer about at")
CONNECTIVES = _words(
    "so because until since while whereas but and which not or yet as although if when unless who where"
)

# Verbs of which "what does it ...?" is a good question.
TRANSITIVE = _words("""
absorb accept add address adjust affect agree allow alter alternate amplify analyse answer approximate ask assess
assign assume attract average avoid backfill beat bias bind block bound break bring build buy cache calibrate cap
capture catch cause change check choose clean clip cluster collect combine communicate compare compress compute
condition consume contain contribute control convert convey copy correct cost count couple cover create cut damage
decide declare decompose decouple define delay delete demand derive describe destroy detach detect determine
differentiate discard discount distinguish divide document dominate double draw drive drop earn embed emphasise enable
encode encourage enforce equal escalate estimate evaluate evict evolve exaggerate exceed exclude explain exploit
expose factorise falsify favour fetch fill filter fit fix follow forbid forecast forget freeze fuse gain generate give
govern group guarantee guard halve hand handle hash hide hit hold hurt identify ignore imply impose improve include
increase index indicate infer inflate influence inherit initialise inspect interleave interpolate invert invite invoke
isolate jeopardise join justify label lack leak learn lift limit link list load lose lower maintain map mask match
maximise mean measure memoise memorise merge mimic minimise mirror miss mix model monitor move multiply need negate
nest normalise omit operate optimise order organise outperform overestimate overstate own pack parallelise parse
partition pass pay penalise permit permute pick pin plot point pool predict prefer prefetch preserve prevent
prioritise probe process produce project promise propose protect prove provide prune publish pull punish push quantify
quantise quote raise rank re-weight reach read rebuild receive recommend recompute record recover reduce refit
regularise reject relate relax remove replace report represent request require resample rescale reshape resist resolve
respect restore retain retrieve retry retune return reuse reveal reverse review reward rewrite rotate sacrifice sample
satisfy save scale score see select send separate sequence serve shard share sharpen shift shorten show shrink
simplify simulate skip smooth solve sort specify speed split spread stabilise stack standardise store stretch
substitute subtract suggest suit sum summarise support suppress surface swap synchronise target tell test throttle tie
tokenise tolerate trace track trade train transfer transform translate treat trigger truncate tune understate unroll
update upsample use validate verify version violate visit warn waste weigh weight win wrap write yield
""")
# Verbs that say how something goes, or whose object is no answer alone.
OTHER = _words("""
act agree apply arise arrive attend become begin behave belong bring collapse come concentrate consist converge decay
degrade depend differ disappear diverge drift end exist explode extrapolate fail fall fluctuate force generalise get
go grow happen help idle keep lead leave let look make matter occur overfit put rely remain rise run saturate say seem
start stay stop suffer suffice survive take tend turn underflow vanish vary wait want work
""")
LEXICON = TRANSITIVE | OTHER
# Forms in -s that are nouns as often as verbs.
NOUNS_TOO = _words("""
act address answer average bias block bound break cache cap cause change check cluster condition control copy cost
count cover cut decay delay delete document draw drift drop estimate fall filter fit fix force forecast gain group
guard hand handle hash hit increase index join label lead leave lift limit link list load look map mask match matter
mean measure mirror mix model monitor move need order partition pass pin plot point pool probe process project push
quote rank record report request return review reward rise run sample save scale score sequence shard share shift sort
speed split spread stack start store suit sum support surface swap target test tie trace track trade train transfer
transform trigger turn update use version visit want waste weight win work yield
""")
WITH_PREPOSITION = {"depend": "on", "rely": "on", "follow": "from", "consist": "of", "belong": "to", "lead": "to"}
NO_OBJECT = (PREPOSITIONS | CONNECTIVES) - {"not"} | {"back", "up", "down", "out", "off", "well", "best", "better"}
IRREGULAR_PARTICIPLES = _words("""
built bought broken caught chosen cut done drawn driven found given held hidden kept known left lost made meant paid
put read run seen sent set shown spent split taken taught told thrown understood worn written
""")
PLURALS = _words("data people children criteria media matrices vertices")
ADJECTIVES = _words("based biased related limited fixed unchanged supposed guaranteed called allowed unbiased needed")
# Words that keep their capital inside a sentence.
NAMES = _words("""
Adam Adamic Airflow Arena Baum Bayes Bayesian Bellman Bernoulli Bonferroni Brier Cauchy Cohen Docker Elo Euclidean
Fisher Gauss Gaussian Gini Hessian Hoffmann Holm Huber Jaccard Jacobian Kafka Kalman Kaplan Krippendorff Kubernetes
Lagrange Laplace Lipschitz Llama Mahalanobis Manhattan Markov Mercer Minkowski Monte Nesterov Newton Parquet Pearson
Platt Poisson Python Redis Shapley Spark Spearman Student Taylor Thompson Triton Twyman Viterbi Wald Welch Wilson
Xavier
""")
