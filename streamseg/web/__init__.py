"""The one HTTP server: page, API, files, health, metrics, control.

Of a run it is a worker process of its own (runtime/web_host.py), which may die and come back like any other.
"""
