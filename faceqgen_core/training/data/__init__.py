"""What training learns from: listings, subjects, crops, pairs of input and target."""
