"""Reads the files of a send log in any of their formats, and checks their lines."""
