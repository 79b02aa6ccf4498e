"""Pages for people, on NiceGUI and FastAPI. Reads storage; changes things through pipeline. One page or action a file."""
