"""The floors: what others would have written, as plainly as the documentation of their parts shows it."""
