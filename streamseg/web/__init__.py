"""The one HTTP server of a run: health, metrics, control. It runs in a worker process of its own (runtime/web_host.py),
which may die and come back like any other."""
