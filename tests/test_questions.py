"""The question recogniser on the seeds and on many other habits."""

# ruff: noqa: E501 - documents as data, one line each, are easier to compare

from __future__ import annotations

import pytest

from mlprep_bot.domain import Document
from mlprep_bot.knowledge.questions import find_questions
from mlprep_bot.knowledge.readers import read_document

SEED_ANSWERED = (20, 9, 20, 19, 7)


def find(text: str, name: str = "notes.md", kind: str = "markdown"):
    document = Document(name, text, kind)
    questions = find_questions(document)
    for question in questions:
        assert document.text[question.start : question.end] == question.text
        if question.answer:
            answer = document.text[question.answer.start : question.answer.end]
            assert answer == answer.strip() != ""
    return questions


def test_seeds_hold_100_questions_of_which_75_are_answered(seeds):
    paths = sorted(seeds.glob("*.txt"))
    counts = []
    for path in paths:
        questions = find_questions(read_document(path, path.name))
        assert len(questions) == 20, path.name
        counts.append(sum(q.answered for q in questions))
    assert tuple(counts) == SEED_ANSWERED


# (name, text, wordings expected in order, which of them are answered: y/n)
DOCUMENTS = [
    (
        "q-and-a-lines",
        "Q: What is overfitting?\nA: Fitting noise.\n\nQ: What is regularisation?\nA: A penalty on size.\nIt shrinks weights.\n",
        ["What is overfitting?", "What is regularisation?"],
        "yy",
    ),
    (
        "bold-labels",
        "**Question 1.** What is a ROC curve?\n\n**Answer.** TPR against FPR.\n\n**Question 2.** Define recall.\n\n"
        "**Question 3.** Why use PR curves?\n\n**Answer.** For rare positives.\n",
        ["What is a ROC curve?", "Define recall.", "Why use PR curves?"],
        "yny",
    ),
    (
        "q-paren",
        "Q1) What is a kernel?\nA similarity.\n\nQ2) Why whiten data?\n\nQ3) How does k-means start?\nWith random centres.\n",
        ["What is a kernel?", "Why whiten data?", "How does k-means start?"],
        "yny",
    ),
    (
        "number-paren",
        "12) What is bagging?\n\nAveraging models trained on resamples.\n\n13) What is boosting?\n\nAdding weak learners.\n\n"
        "14) What is stacking?\n",
        ["What is bagging?", "What is boosting?", "What is stacking?"],
        "yyn",
    ),
    (
        "faq-headings-without-marks",
        "# Deep learning FAQ\n\n## What is dropout\n\nRandomly zeroing units.\n\n## Why does batch norm help\n\nIt smooths.\n\n"
        "## Training tips\n\nUse warm-up.\n",
        ["What is dropout", "Why does batch norm help"],
        "yy",
    ),
    (
        "imperative-headings",
        "# Interview preparation\n\n### Explain the bias-variance trade-off\n\nBias is error of the mean.\n\n"
        "### Describe gradient descent.\n\nFollow the slope.\n\n### Compare L1 and L2\n\nL1 is sparse.\n\n"
        "### Walk me through an A/B test\n\n### Tell me about a conflict in your team\n\nOnce I listened.\n",
        [
            "Explain the bias-variance trade-off",
            "Describe gradient descent.",
            "Compare L1 and L2",
            "Walk me through an A/B test",
            "Tell me about a conflict in your team",
        ],
        "yyyny",
    ),
    (
        "bold-questions",
        "**What is an embedding?**\n\nA vector for a thing.\n\n**How is it trained?**\nBy contrast.\n**Why normalise it?**\nCosine.\n",
        ["What is an embedding?", "How is it trained?", "Why normalise it?"],
        "yyy",
    ),
    (
        "bold-inline",
        "- **What is SGD?** A noisy descent.\n- **What is Adam?** It scales steps by moments.\n- **Why warm up?** Early moments lie.\n",
        ["What is SGD?", "What is Adam?", "Why warm up?"],
        "yyy",
    ),
    (
        "several-lines",
        "Q1. Your model is accurate offline but poor in production.\nWhat could be wrong, and how would you\nfind out?\n"
        "A1. Skew. Compare features.\n\nQ2. What is the difference between\nprecision and recall?\nA2. The denominators.\n",
        [
            "Your model is accurate offline but poor in production.\nWhat could be wrong, and how would you\nfind out?",
            "What is the difference between\nprecision and recall?",
        ],
        "yy",
    ),
    (
        "details-summary",
        "# Quiz\n\n<details><summary>What is a p-value?</summary>\n\nA tail probability under the null.\n\n</details>\n\n"
        "<details>\n<summary><b>Explain power</b></summary>\n<p>1 minus beta.</p>\n</details>\n",
        ["What is a p-value?", "Explain power"],
        "yy",
    ),
    (
        "heading-with-hidden-answer",
        "### Q1. What is SMOTE?\n<details>\n<summary>Answer</summary>\n\nSynthetic minority rows.\n</details>\n\n"
        "### Q2. What is a focal loss?\n<details>\n<summary>Show answer</summary>\n\nIt weights hard rows.\n</details>\n",
        ["What is SMOTE?", "What is a focal loss?"],
        "yy",
    ),
    (
        "answerless-list",
        "1. What is a tensor?\n2. How does autograd work?\n3. Why detach?\n4. When is no_grad needed?\n5. What is a hook?\n",
        ["What is a tensor?", "How does autograd work?", "Why detach?", "When is no_grad needed?", "What is a hook?"],
        "nnnnn",
    ),
    (
        "answerless-imperatives-under-a-title",
        "# Interview questions\n\n1. Explain PCA.\n2. Describe t-SNE.\n3. Difference between UMAP and t-SNE\n4. What is whitening?\n",
        ["Explain PCA.", "Describe t-SNE.", "Difference between UMAP and t-SNE", "What is whitening?"],
        "nnnn",
    ),
    (
        "rhetorical-questions",
        "Q: How do you debug a model?\nA: Start with data. Is it clean? Is it the right data? Then look at the loss.\n\n"
        "Why does that matter? Because most faults are there.\n\nQ: What is a baseline?\nA: The simplest thing that works.\n",
        ["How do you debug a model?", "What is a baseline?"],
        "yy",
    ),
    (
        "table-of-contents",
        "# Questions\n\n1. [What is a GAN?](#what-is-a-gan)\n2. [What is a VAE?](#what-is-a-vae)\n\n"
        "## What is a GAN?\n\nTwo networks.\n\n## What is a VAE?\n\nAn encoder with a prior.\n",
        ["What is a GAN?", "What is a VAE?"],
        "yy",
    ),
    (
        "plain-table-of-contents",
        "Contents\n\n1. What is a GAN?\n2. What is a VAE?\n3. What is a flow?\n\nThis text answers all three.\n\n"
        "1. What is a GAN?\n\nTwo networks.\n\n2. What is a VAE?\n\nAn encoder.\n\n3. What is a flow?\n\nAn invertible map.\n",
        ["What is a GAN?", "What is a VAE?", "What is a flow?"],
        "yyy",
    ),
    (
        "transcript",
        "Interviewer: Tell me about regularisation.\nCandidate: It penalises large weights.\nInterviewer: Good.\n"
        "Interviewer: Which penalty gives sparse weights?\nCandidate: L1, because of its corners.\n",
        ["Tell me about regularisation.", "Which penalty gives sparse weights?"],
        "yy",
    ),
    (
        "code-and-latex",
        "## Q1. What does this print?\n\n```python\nprint('What is this?')\n# Q: is this a question?\n```\n\nAns: the words.\n\n"
        "## Q2. What is the gradient of $\\sum_i (y_i - w x_i)^2$ with respect to $w$?\n\nAns: $-2\\sum_i x_i (y_i - w x_i)$.\n",
        ["What does this print?", "What is the gradient of $\\sum_i (y_i - w x_i)^2$ with respect to $w$?"],
        "yy",
    ),
    (
        "prose",
        "# On gradient descent\n\nGradient descent follows the slope. Why does it work? Because the step is small.\n\n"
        "## How the step is chosen\n\nBy search.\n\n## When to stop\n\nWhen the loss is flat. Is it ever flat? Seldom.\n",
        [],
        "",
    ),
    (
        "tutorial",
        "# Build a classifier\n\n## 1. Define the problem\n\nSay what you want.\n\n## 2. Implement the model\n\nWrite it.\n\n"
        "## 3. Compare results\n\nAsk yourself:\n\n1. Is the data clean?\n2. Is the split fair?\n\nThen go on. "
        + "More prose here. " * 20
        + "\n",
        [],
        "",
    ),
    (
        "numbered-headings-that-state",
        "## 1. Introduction\n\nText.\n\n## 2. Methods\n\nText.\n\n### 2.1 Data\n\nText.\n\n## 3. Results\n\nText.\n",
        [],
        "",
    ),
    (
        "nested-lists",
        "1. What is MLOps?\n\n   1. Versioning\n   2. Testing\n   3. Monitoring\n\n2. How do you roll back?\n\n1. Keep the old model.\n"
        "2. Switch the traffic.\n\n3. What is a canary?\n\nA small share of traffic.\n",
        ["What is MLOps?", "How do you roll back?", "What is a canary?"],
        "yyy",
    ),
    (
        "restated-number",
        "1. What is drift?\n\n1. Drift is a change of the data.\n\n2. What is skew?\n\n2. Skew is a difference between two paths.\n",
        ["What is drift?", "What is skew?"],
        "yy",
    ),
    (
        "image-and-debris",
        "In [1]:\nQ1. What is AUC?\n\n![curve](auc.png)\n\nIn [2]:\nQ2. What is F1?\n\nObject `F1` not found.\n\nOut[2]:\n\nQ3. What is MCC?\n\n"
        "A correlation.\n",
        ["What is AUC?", "What is F1?", "What is MCC?"],
        "nny",
    ),
    (
        "section-headings-between",
        "## Statistics:\n\nQue 1: What is a mean?\n\nAns: A sum over a count.\n\n## Deployment:\n\nQue 2: What is a canary?\n\nAns: A small share.\n\n"
        "## Cost:\n\nQue 3: What is spot?\n\n",
        ["What is a mean?", "What is a canary?", "What is spot?"],
        "yyn",
    ),
    (
        "wrapped-pdf-text",
        "Machine Learning Interview\n1. What is the difference between supervised and unsupervised learning, and when\nwould you use each of them?\n"
        "Supervised learning has labels. It predicts them for new rows and can be\nscored on held-out rows.\n"
        "2. What is cross-validation?\nThe data are split in k parts, each of which is held out once.\nIt costs k fits.\n",
        [
            "What is the difference between supervised and unsupervised learning, and when\nwould you use each of them?",
            "What is cross-validation?",
        ],
        "yy",
    ),
    (
        "plain-questions",
        "What is a transformer?\n\nA network of attention layers.\n\nHow does attention work?\n\nIt mixes values by similarity.\n\n"
        "Why scale by the root of d?\n\nTo keep the softmax soft.\n",
        ["What is a transformer?", "How does attention work?", "Why scale by the root of d?"],
        "yyy",
    ),
    (
        "question-then-answer-label",
        "What is precision?\nAnswer: TP / (TP + FP).\n\nWhat is recall?\nAnswer: TP / (TP + FN).\n\nRecall at k\nis often used too.\n",
        ["What is precision?", "What is recall?"],
        "yy",
    ),
    (
        "multiple-choice",
        "Q1. Which metric suits rare positives?\nA) Accuracy\nB) PR-AUC\nC) MSE\nAnswer: B\n\nQ2. Which loss is robust?\nA) MSE\nB) Huber\nAnswer: B\n",
        ["Which metric suits rare positives?", "Which loss is robust?"],
        "yy",
    ),
    (
        "one-line-pairs",
        "Q: What is X? A: It is the input.\nQ: What is y? A: It is the target.\n",
        ["What is X?", "What is y?"],
        "yy",
    ),
    (
        "setext-headings",
        "What is a perceptron?\n---------------------\n\nA linear unit.\n\nWhat is a neuron?\n-----------------\n\nA unit with a non-linearity.\n",
        ["What is a perceptron?", "What is a neuron?"],
        "yy",
    ),
    (
        "questions-then-prose-section",
        "## Q1. What is a feature store?\n\nA place for features.\n\n## References\n\nBooks and papers.\n",
        ["What is a feature store?"],
        "y",
    ),
    (
        "placeholder-answers",
        "Q1: What is RLHF?\nA: TODO\n\nQ2: What is DPO?\nAns:\n\nQ3: What is LoRA?\nAns: Low-rank updates.\n",
        ["What is RLHF?", "What is DPO?", "What is LoRA?"],
        "nny",
    ),
    (
        "sub-questions-in-an-answer",
        "## What is monitoring?\n\nThree things:\n\n### What to watch?\n\nInputs.\n\n### How often?\n\nDaily.\n\n## What is alerting?\n\nA page.\n",
        ["What is monitoring?", "What is alerting?"],
        "yy",
    ),
    (
        "questions-under-topics",
        "# ML questions\n\n## Trees\n\n### 1. What is a split?\n\nA test.\n\n### 2. Gini vs entropy?\n\nAlmost alike.\n\n## Nets\n\n"
        "### 1. What is a layer?\n\nA map.\n",
        ["What is a split?", "Gini vs entropy?", "What is a layer?"],
        "yyy",
    ),
    (
        "title-that-asks",
        "# What will they ask about ranking?\n\nA collection from ten interviews.\n\n## What is NDCG?\n\nA discounted gain.\n\n"
        "## What is MRR?\n\nA mean of reciprocal ranks.\n\n## What is MAP?\n\nA mean of averages.\n",
        ["What is NDCG?", "What is MRR?", "What is MAP?"],
        "yyy",
    ),
    (
        "question-word-alone",
        "Question 1\nWhat is entropy?\nAnswer\nExpected surprise.\n\nQuestion 2\nWhat is cross-entropy?\nAnswer\nSurprise under the wrong belief.\n",
        ["What is entropy?", "What is cross-entropy?"],
        "yy",
    ),
    (
        "blockquote-questions",
        "> **Q: What is a tokenizer?**\n\nIt cuts text.\n\n> **Q: Why sub-words?**\n\nNo unknown words.\n",
        ["What is a tokenizer?", "Why sub-words?"],
        "yy",
    ),
    (
        "blog-post",
        "# Lessons from production\n\nWe shipped a ranker. What went wrong? Everything.\n\n- Data was late.\n- Was anyone told? No.\n\n"
        "So what did we learn?\n\nWe learned to test. The tests were slow at first and we made them fast by sampling rows.\n\n"
        "The second lesson was about alerts. We had too many of them and nobody read them any more.\n\n"
        "The third lesson was about owners. Every table needs one.\n\nThe fourth lesson was about costs, which grew each week.\n",
        [],
        "",
    ),
    (
        "q-learning-is-no-question",
        "Q-learning learns values. Q* is the optimum.\n\nA well-known result is that it converges.\n\nAnswer sets are small. Question 3 was hard.\n",
        [],
        "",
    ),
]


@pytest.mark.parametrize(("text", "wordings", "answered"), [d[1:] for d in DOCUMENTS], ids=[d[0] for d in DOCUMENTS])
def test_habits(text, wordings, answered):
    questions = find(text)
    assert [q.text for q in questions] == wordings
    assert "".join("y" if q.answered else "n" for q in questions) == answered
