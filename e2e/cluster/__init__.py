"""A real Kubernetes of one node, for a machine that can pull no container image.

Standard library only: it runs before anything is installed.
"""
