"""The model card: measured, drawn and written by one command, see ``scripts/model_card.py``."""
