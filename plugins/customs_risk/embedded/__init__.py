"""The embedded default: a PostgreSQL server and Airflow's services, run from their wheels."""
