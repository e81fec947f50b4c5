"""What the model card measures."""
