"""The panel "Face Quality": its frame, what it remembers, and one file per section."""
