"""The demo: images with known faults, and a picture of what became of them. Knows nothing of FiftyOne."""
