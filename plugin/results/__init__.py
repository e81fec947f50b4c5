"""What a scored data set gives: exports, reports, comparisons, best shots, a data set of faces; and removal."""
