"""The clean-up of inactive accounts: its policy, its preview and its runs."""
