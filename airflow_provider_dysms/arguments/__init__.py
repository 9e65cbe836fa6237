"""The arguments of tasks, as DAG files, templates and other tasks give them: checks, readers and private fields."""
