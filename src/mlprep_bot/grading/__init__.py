"""A question's key points and an answer -> verdicts with reasons."""
