"""Offline work: indexing pictures and preparing models. Run from the command line or, on Kubernetes, as a Job."""
