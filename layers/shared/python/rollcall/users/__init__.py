"""One user, and the rows that are stored beside it."""
