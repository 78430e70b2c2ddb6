"""The Gradio page: one file a tab; it translates typed events and decides nothing."""
