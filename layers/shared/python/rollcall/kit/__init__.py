"""The kit: operations, the table, the journal and AWS, none of which knows what a user is."""
