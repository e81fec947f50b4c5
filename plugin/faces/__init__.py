"""Scored faces one by one: their rows, crops and pictures, and a sentence on each."""
