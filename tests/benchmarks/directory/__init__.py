"""The directory beside PostgreSQL and SQLite: the same users, the same questions, one core."""
