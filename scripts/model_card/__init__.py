"""The model card: measured, drawn and written by one command, see ``python -m scripts.model_card``."""
