"""The kit: operations, the table, the journal and AWS clients, without business rules."""
