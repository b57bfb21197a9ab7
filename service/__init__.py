"""The HTTP service: `POST /search` and what goes with it. `app.create_app` puts it together; nothing else builds adapters."""
