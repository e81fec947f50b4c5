"""The rows of ``faceqgen bench`` that need FiftyOne; ``faceqgen_core.bench.programs`` starts this package."""
