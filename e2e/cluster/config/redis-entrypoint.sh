#!/bin/sh
# As in the official image: flags alone are the server's.
case "$1" in -* | *.conf) set -- redis-server "$@" ;; esac
exec "$@"
