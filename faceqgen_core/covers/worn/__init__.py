"""What is worn before a face: glasses, masks, hair, hats, scarves."""
