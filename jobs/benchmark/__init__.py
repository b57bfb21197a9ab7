"""How fast a collection is searched, and how much of what there is is found: never the one without the other."""
