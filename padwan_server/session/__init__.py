"""One workspace's settings, files, backend and jobs put together, once, for every front end."""
