"""Test worlds: Rollcall's real code on an emulated AWS in the process of the tests."""
