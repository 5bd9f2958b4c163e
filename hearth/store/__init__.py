"""The stores: where bytes rest. Each module keeps a promise of `hearth.core.ports`."""
