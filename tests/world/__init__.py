"""The worlds of tests: Rollcall's real code over an emulated AWS in the process of the tests."""
