"""What an answer says: exact values by the schema, and what could not be read."""
