"""Drafts held-out questions from the questions and key points of anybody's own documents."""
