"""Files beside a data set: where they go, what a run writes, how they are found again."""
