"""The mails that Rollcall sends."""
