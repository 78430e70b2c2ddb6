"""mlprep: a private, local, retrieval-augmented partner for machine-learning interviews."""

__version__ = "0.1.0"
