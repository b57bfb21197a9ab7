"""What keeps the repository honest: generated documents, and checks that no linter makes."""
