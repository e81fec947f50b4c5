"""What rows of the bench compare: pictures, their sizes, the sides and their rates."""
