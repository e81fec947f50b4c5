"""What is in a FiftyOne data set: the fields of a run, their documents, its record, the samples it may touch."""
