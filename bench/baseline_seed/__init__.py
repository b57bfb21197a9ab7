"""The stack that the product grew from, taken literally: what every end-to-end ratio is measured against. See README.md."""
