#!/bin/sh
# The official image starts the server by a script of this name; so does whoever was written for it.
exec ./qdrant "$@"
