"""Where vectors live: `edge` inside this process, `qdrant` on a server. Both pass tests/searchindex/stores/suite."""
