"""How the networks learn: losses, steps, the fit of the quality head."""
