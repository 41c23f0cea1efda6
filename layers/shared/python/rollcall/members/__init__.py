"""The members of groups and organizations."""
