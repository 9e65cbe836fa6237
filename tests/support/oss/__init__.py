"""OSS on this machine: a TLS server that checks what S3 clients send as OSS does, with moto's S3 behind it."""
