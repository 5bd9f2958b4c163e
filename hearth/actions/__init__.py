"""The verbs: one file per resource with its operations, and the world that they act on."""
