"""Towers that turn texts and pictures into vectors: ONNX Runtime, which every installation has, and torch with open_clip."""
