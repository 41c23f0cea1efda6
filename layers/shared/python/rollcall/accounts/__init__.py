"""Accounts in Amazon Cognito, which follow the table."""
