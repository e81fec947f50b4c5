"""Quality by groups of people, with intervals: the tables of docs/fairness.md."""
