"""Networks from elsewhere. Nothing is imported yet; the folder holds the place that the import directions name."""
