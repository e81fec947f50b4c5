"""The words and tables of the model card."""
