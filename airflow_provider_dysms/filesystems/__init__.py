"""File systems that Airflow's object storage finds by the scheme of a URI: ``oss://``."""
