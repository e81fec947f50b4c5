"""Face recognisers whose comparisons stand in for quality labels."""
