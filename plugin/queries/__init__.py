"""Questions to the database: which samples, how many, in which order. No sample is loaded."""
