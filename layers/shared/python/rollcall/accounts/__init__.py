"""Accounts in Amazon Cognito, which are synchronized with the table."""
