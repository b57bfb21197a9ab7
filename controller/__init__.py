"""Makes the cluster and the store match a SearchIndex: observe -> plan (pure) -> apply -> conditions, level-based and idempotent."""
