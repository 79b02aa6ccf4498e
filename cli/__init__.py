"""Commands for people and scripts: one noun a file, one verb a command.

Reads storage; changes things through pipeline. Flows and the web page are imported by the commands that need them
only: `import
prefect` alone takes over a second.
"""
