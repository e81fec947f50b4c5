"""Where the project fits: each way to install it and each range of versions in a clean environment; writes the page on it."""
