"""A collection of made-up vectors, as large as one likes: to size a cluster and to measure a search before there are pictures."""
