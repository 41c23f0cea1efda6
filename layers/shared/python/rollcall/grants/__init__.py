"""What can be granted to a user: permissions, roles, memberships of groups and organizations."""
