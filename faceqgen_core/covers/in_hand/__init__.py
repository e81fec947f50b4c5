"""What a hand holds before a face, and the hand itself."""
