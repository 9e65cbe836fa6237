"""HTTP/1.1 connections to the service: pool, TLS, proxies, endpoints."""
