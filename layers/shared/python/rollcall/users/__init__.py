"""One user, and the rows that are stored with it."""
