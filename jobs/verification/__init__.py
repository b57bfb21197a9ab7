"""Whether source, collection and ledger say the same, looked at from every side."""
