"""What the restoration did to a face: by name, as a map, and as a file that keeps the drawn face with the trust."""
