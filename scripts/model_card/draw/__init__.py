"""What the model card draws."""
