"""The `searchindex` command: joins the programs for a person at a terminal."""
