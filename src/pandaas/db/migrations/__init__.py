"""The one linear history of the schema, the same on SQLite and PostgreSQL. `pandaas db revision` adds to it."""
