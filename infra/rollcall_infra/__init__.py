"""Derived from the declarations: the CDK app, the documents, the one-machine runtime."""
