"""The API's parameters, payloads and error codes. Without I/O."""
