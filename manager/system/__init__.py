"""The machine below the program: folders, the database, locks and concurrency."""
