"""Tables of scores: the CSV file, the journal beside it while it is written, and cells that no program runs."""
