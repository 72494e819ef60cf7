"""What run.py is made of: environments, credentials, servers, suites and the report."""
