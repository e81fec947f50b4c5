"""How well each face will be known again: labels without a person's judgement."""
