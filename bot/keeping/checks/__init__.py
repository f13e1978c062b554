"""What can be wrong with stored data: questions to the database, and rows that are read one by one."""
