"""The words everybody speaks. Imports the standard library and small pure libraries only."""
