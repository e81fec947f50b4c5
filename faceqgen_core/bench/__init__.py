"""The benchmark: what the product takes beside what it is measured against, on the same images in the same run."""
