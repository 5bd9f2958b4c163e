"""SQL: threads and transactions that any engine gets, and the engines themselves."""
