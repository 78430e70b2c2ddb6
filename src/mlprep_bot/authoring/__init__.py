"""For people who write cards: what is wrong with them, what they cover, and a template to begin with."""
