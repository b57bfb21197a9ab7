"""Training pipeline of the sample text-to-image model."""
