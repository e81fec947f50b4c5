"""Networks in a process: loaded once and run over crops; what the rest of it may have set or done before."""
