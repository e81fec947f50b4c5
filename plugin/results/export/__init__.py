"""The kept or the discarded faces as files and tables."""
