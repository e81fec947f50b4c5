"""Pixels -> faces: the three networks of MTCNN as graphs, and what lies beyond a detector's first look."""
