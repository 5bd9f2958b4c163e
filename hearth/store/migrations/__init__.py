"""Migrations: the schema as numbered .sql files, applied in order of their names."""
