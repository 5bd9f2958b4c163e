"""The edge: small asyncio helpers that every floor but core may import."""
