"""What can be given to a user: permissions, roles, and places in groups and organizations."""
