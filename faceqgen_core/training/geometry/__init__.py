"""Geometry of training faces: a mesh, a mask of the person, and heads turned and lit anew. Scoring never needs it."""
