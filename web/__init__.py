"""Pages for people, on NiceGUI and FastAPI: one a file. Reads storage; changes things through pipeline."""
