"""The face quality of a data set as one HTML file."""
