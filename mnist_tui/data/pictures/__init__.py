"""Reading pictures that people take: where the paper is, what on it is ink, which ink is a digit."""
