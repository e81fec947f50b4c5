"""The two stages of a training run, and what it keeps and reports."""
