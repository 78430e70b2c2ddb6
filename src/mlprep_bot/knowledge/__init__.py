"""Documents in, passages out: reading, recognising questions, chunking, indexing, retrieval."""
