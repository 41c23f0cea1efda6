"""The same small "create user" in three common styles, written to be compared with ours.

Each is a Lambda handler that a cold start imports. They are imported in processes of their own,
with the packages of ``requirements.txt`` and nothing of Rollcall.
"""
