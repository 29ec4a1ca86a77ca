"""The product: access applications, their review, rights and deadlines. See docs/architecture.md."""
