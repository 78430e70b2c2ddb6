"""Roles, and what a pasted job description or résumé makes an interview ask about."""

# ruff: noqa: E501 - advertisements are pasted as people paste them

from __future__ import annotations

import tomllib

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.conftest import REPOSITORY

from mlprep_bot.adapters.embeddings import HashEmbedder
from mlprep_bot.domain import KeyPoint
from mlprep_bot.interview.session import Prompt
from mlprep_bot.interview.steering import (
    MOST,
    MOST_TOPICS,
    ROLES,
    Steering,
    are_neighbours,
    known_topics,
    role_named,
    steer,
)

BOILERPLATE = """
About us
We are a fast-growing company on a mission to make everyday life simpler for millions of people around the world.
What we offer: competitive salary, pension, health insurance, 28 days of holiday, hybrid working and a gym membership.
We value diversity and are an equal opportunity employer. All applicants are considered without regard to race, colour, religion, sex, sexual orientation, gender identity, national origin, age, disability or veteran status.
We process your data as our privacy notice for applicants describes, and our deployment of automated screening is monitored.
If you need a reasonable accommodation during the recruitment process, please let us know.
You are curious, communicate clearly, pay attention to detail and like to work in a team.
"""

LLM_ENGINEER = (
    """Senior LLM Engineer

Our support product answers customers' questions from their own handbooks, and you will make those answers better.

What you will do
- Build retrieval-augmented generation over millions of customer documents, from chunking to reranking
- Fine-tune open-weight language models (LoRA, DPO) where prompting is not enough
- Set up evals: golden sets, LLM-as-a-judge, regression tests for prompts
- Keep hallucinations and prompt injection under control

What you bring
- 4+ years of software or ML engineering, 1+ with LLMs in production
- Strong Python; experience with a vector database such as Qdrant or pgvector
- You have served models with vLLM or a similar engine
- Bachelor's degree in computer science or equivalent experience
"""
    + BOILERPLATE
)

MLOPS = (
    """MLOps Engineer (all genders)
Location: Hamburg or remote

Your mission:
* You run the platform on which forty data scientists train and deploy their models (Kubernetes, Kubeflow, MLflow, Terraform).
* You build CI/CD for models: automated tests, canary releases, rollback.
* You own observability: Prometheus, Grafana, drift alerts, and you share the on-call rota.
* You keep our GPU bill under control.

Your profile:
* Several years with Docker and Kubernetes in production
* Experience with Airflow or a comparable orchestrator
* Degree in Computer Science, Statistics, Mathematics or a related field
"""
    + BOILERPLATE
)

RECOMMENDER = (
    """Applied Scientist, Recommendations
The feed is the first thing that people see when they open our app. You will decide what is on it.
Responsibilities:
 - Research, train and ship ranking models for the home feed, from candidate generation with two-tower networks to multi-objective re-ranking
 - Solve cold start for new items and new users; explore with contextual bandits
 - Design A/B tests, read them honestly and relate offline metrics such as NDCG to engagement
 - Publish where it makes sense
Requirements:
 - MSc or PhD in a quantitative field
 - Deep knowledge of collaborative filtering and deep learning for recommender systems, PyTorch
 - Comfortable with Spark on terabytes of click logs
"""
    + BOILERPLATE
)

CREDIT_RISK = (
    """Data Scientist - Credit Risk Modelling

You join the team that decides who gets a loan at a retail bank. Key accountabilities: develop probability-of-default, loss-given-default and affordability scorecards with logistic regression and gradient boosting; validate them out of time and monitor their stability (Gini, KS, PSI); document models for model risk and for the regulator under IFRS 9 and Basel III; make decisions explainable to customers, with adverse action reasons, and test for fair lending. You will work in SQL and Python on tabular bureau data and present results to the credit committee. Required: experience with statistical modelling, calibration, reject inference and imbalanced data.
"""
    + BOILERPLATE
)

VISION = (
    """Computer Vision Engineer

We inspect welds on car bodies with cameras. You will:
• train and improve object detection and semantic segmentation networks (PyTorch, YOLO, vision transformers)
• get them to run in 20 ms on an edge device (ONNX, TensorRT, quantisation)
• organise annotation of images with our customers, active learning included
• analyse errors together with the people on the line
You have: two years of deep learning for images or video, C++ or Python, OpenCV. A driving licence is a plus.
"""
    + BOILERPLATE
)

RESUME_ANALYST = """Amira Haddad
amira.haddad@example.org | +49 30 1234567 | Berlin

Product data scientist, six years.

Experience
Data Scientist, Shopwise GmbH (2020 - today)
- Designed and analysed over 80 A/B tests; introduced CUPED and sequential testing, which halved their duration
- Estimated the effect of a loyalty scheme with difference-in-differences and propensity scores
- Built churn and customer lifetime value models (XGBoost)
Analyst, Metro Insights (2017 - 2020)
- Wrote SQL in BigQuery and dashboards in Looker for forty stakeholders
Education
MSc Statistics, Humboldt-Universität zu Berlin
Languages: Arabic, German, English. Interests: climbing, cooking.
"""

RESUME_SPEECH = """CURRICULUM VITAE — Tomasz Wolski

PROFILE: Research engineer for speech recognition and audio.

2021-2025 Voice AI startup, Kraków. Trained ASR models (Conformer, wav2vec 2.0 self-supervised pre-training) on 20,000 h of audio; reduced word error rate from 14% to 9%. Distributed training on 64 GPUs with PyTorch. Streaming text-to-speech on phones.
2018-2021 Energy trading firm: forecasting of electricity demand with LSTM networks and gradient boosting; time series cross-validation.
PUBLICATIONS: two papers at Interspeech. TEACHING: deep learning lab.
HOBBIES: choir, bouldering. REFERENCES on request.
"""

# name, text, the topics of which the first three must be, those that must be among the first three
CASES = [
    ("llm", LLM_ENGINEER, {"transformers-llms", "rag-search", "metrics-evaluation"}, {"transformers-llms", "rag-search"}),
    ("mlops", MLOPS, {"deployment", "monitoring", "serving-infrastructure", "cost"}, {"deployment", "serving-infrastructure"}),
    ("recommender", RECOMMENDER, {"recommenders", "deep-learning", "statistics", "metrics-evaluation"}, {"recommenders"}),
    ("credit-risk", CREDIT_RISK, {"classical-ml", "responsible-ml", "statistics", "metrics-evaluation", "training-validation"}, {"classical-ml", "responsible-ml"}),
    ("vision", VISION, {"vision-speech-time-series", "deep-learning", "deployment", "serving-infrastructure"}, {"vision-speech-time-series", "deep-learning"}),
    ("analyst", RESUME_ANALYST, {"statistics", "classical-ml", "coding-sql"}, {"statistics", "coding-sql"}),
    ("speech", RESUME_SPEECH, {"vision-speech-time-series", "deep-learning", "training-validation"}, {"vision-speech-time-series", "deep-learning"}),
]  # fmt: skip
FIRST = {"llm": {"transformers-llms", "rag-search"}, "mlops": {"deployment", "serving-infrastructure"}, "recommender": {"recommenders"}, "credit-risk": {"classical-ml", "responsible-ml"}, "vision": {"vision-speech-time-series"}, "analyst": {"statistics"}, "speech": {"vision-speech-time-series"}}  # fmt: skip

JUNK = [
    "",
    "   \n\t\n",
    "asdf qwer zxcv uiop hjkl 12345 !!!! ????",
    "Lorem ipsum dolor sit amet, consectetur adipiscing elit, sed do eiusmod tempor incididunt ut labore et dolore magna aliqua.\n"
    * 30,
    "Preheat the oven to 180 degrees. Mix the flour with butter and sugar. Bake for forty minutes and let it cool on a rack.",
    "Head chef wanted. You run a kitchen of eight, order from local farms and write a new menu each week. Evenings and weekends.",
    "\x00\x1b[31m\ufffd\u202e" * 50,
    "a" * 100_000,
    "我们在找一位厨师，每周写一份新的菜单。",
    BOILERPLATE,
    BOILERPLATE * 20,
]


@pytest.fixture(scope="module")
def pool() -> list[Prompt]:
    points = (KeyPoint("A point.", 1),)
    return [Prompt(f"q-{topic}", "card", f"What about {topic}?", topic, "mid", points) for topic in known_topics()]


@pytest.mark.parametrize(("name", "text", "sensible", "needed"), CASES, ids=[case[0] for case in CASES])
def test_the_first_three_topics_make_sense(name, text, sensible, needed, pool, embedder):
    found = steer(text, pool, embedder)
    top = [topic for topic, _ in found.weights][:3]
    assert set(top) <= sensible, found
    assert needed <= set(top), found
    assert top[0] in FIRST[name], found


@pytest.mark.parametrize("text", JUNK)
def test_junk_and_boilerplate_change_nothing(text, pool, embedder):
    assert steer(text, pool, embedder) == Steering()


@pytest.mark.parametrize(("name", "text", "sensible", "needed"), CASES, ids=[case[0] for case in CASES])
def test_much_boilerplate_does_not_move_the_weights(name, text, sensible, needed, pool, embedder):
    once, buried = steer(text, pool, embedder), steer(BOILERPLATE * 15 + text + BOILERPLATE * 15, pool, embedder)
    shared = min(3, len(once.weights))
    assert [t for t, _ in once.weights][:shared] == [t for t, _ in buried.weights][:shared]


def test_it_says_the_words_of_the_text_that_did_it_and_nothing_else_of_it(pool, embedder):
    found = steer(RESUME_ANALYST, pool, embedder)
    assert [topic for topic, _ in found.because] == [topic for topic, _ in found.weights]
    for _, words in found.because:
        for word in words.strip("“”").split("”, “"):
            assert word.removesuffix(" …") in " ".join(RESUME_ANALYST.split())
    assert "A/B tests" in dict(found.because)["statistics"]
    for private in ("Amira", "example.org", "1234567"):
        assert private not in repr(found)


def test_a_single_word_changes_a_little_and_a_whole_text_more(pool, embedder):
    word = dict(steer("recommender systems", pool, embedder).weights)
    whole = dict(steer(RECOMMENDER, pool, embedder).weights)
    assert 1 < word["recommenders"] <= whole["recommenders"] == 1 + MOST


def test_one_long_paragraph_steers_as_its_lines_do(pool, embedder):
    lines = steer(MLOPS, pool, embedder)
    paragraph = steer(" ".join(MLOPS.split()).replace("* ", " "), pool, embedder)
    assert {t for t, _ in lines.weights[:3]} & {t for t, _ in paragraph.weights[:3]}


def test_topics_of_own_documents_are_raised_by_what_they_ask(embedder):
    points = (KeyPoint("A point.", 1),)
    asked = {
        "Infrastructure Design": "What factors should be considered when designing the infrastructure for ML models?",
        "Cost Optimization": "How do you reduce the cloud costs of machine learning projects?",
        "Team Building": "Which roles and skills does a machine learning team need?",
    }
    own = [Prompt(topic, "notes.md", text, topic, "", points) for topic, text in asked.items()]
    text = """You will bring down what our machine learning costs us in the cloud.
    Each quarter you find where computing for models can be had for less money.
    Parking is free."""
    found = steer(text, own, embedder)
    assert [topic for topic, _ in found.weights] == ["Cost Optimization"]


def test_nothing_to_steer_is_no_error(embedder):
    assert steer(MLOPS, [], embedder) == Steering()


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=60)
@given(
    st.lists(
        st.one_of(st.text(max_size=80), st.sampled_from([line for _, text, *_ in CASES for line in text.splitlines()])),
        max_size=12,
    )
)
def test_any_text_gives_weights_in_bounds(lines):
    points = (KeyPoint("A point.", 1),)
    pool = [Prompt(topic, "card", topic, topic, "mid", points) for topic in known_topics()]
    found = steer("\n".join(lines), pool, HashEmbedder())
    weights = [weight for _, weight in found.weights]
    assert all(1 < weight <= 1 + MOST for weight in weights)
    assert weights == sorted(weights, reverse=True)
    assert len(weights) <= MOST_TOPICS
    assert [t for t, _ in found.because] == [t for t, _ in found.weights]
    assert all(words for _, words in found.because)


def test_roles_neighbours_and_words_know_the_topics_of_the_corpus():
    topics = set(tomllib.loads((REPOSITORY / "corpus" / "topics.toml").read_text(encoding="utf-8"))["topics"])
    assert set(known_topics()) == topics
    for role in ROLES.values():
        assert set(role.weights) <= topics
        assert all(0 < weight <= 3 for weight in role.weights.values())
    assert all(any(are_neighbours(topic, other) for other in topics) for topic in topics)
    assert not any(are_neighbours(topic, topic) for topic in topics)


def test_each_role_is_asked_most_about_its_own_work():
    first = {name: max(role.weights, key=role.weights.__getitem__) for name, role in ROLES.items()}
    assert first == {
        "ml-engineer": "system-design",
        "data-scientist": "statistics",
        "mlops": "deployment",
        "research": "deep-learning",
        "applied-llm": "transformers-llms",
    }


def test_a_role_is_found_by_name_or_title():
    assert role_named("MLOps") is role_named("mlops") is ROLES["mlops"]
    assert role_named(" ML engineer ") is role_named("ml-engineer")
    assert role_named("plumber") is None
    assert role_named("") is None
