"""What pictures come as: the formats that are read, and what the greys in a file mean."""
