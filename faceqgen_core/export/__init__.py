"""Export: a preset's networks, measures and quality as one graph that other runtimes take."""
