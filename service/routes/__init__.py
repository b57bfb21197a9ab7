"""The HTTP routes: a router a file, each a function from the application's parts to an APIRouter."""
