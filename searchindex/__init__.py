"""What a search index is: models, points, filters, collections, and the adapters that hold them. Imported by every program."""

__version__ = "0.1.0"
