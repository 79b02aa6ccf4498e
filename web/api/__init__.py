"""The JSON API: what the page and the command line can do, for programs. One noun a file."""
