"""From samples to scores: what a run may do, what is asked of the core, what is written."""
