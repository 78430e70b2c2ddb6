"""How good mlprep is, in figures: retrieval, answers, refusal, support check, grading and cost, offline."""
