"""How a person becomes a user: invitations and registrations."""
