"""A run for people: a table in the terminal, and one self-contained page with plots."""
