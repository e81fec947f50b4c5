"""Pixels -> faces, beyond what a detector sees at its first look."""
