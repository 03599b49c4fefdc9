"""One module per revision of the metadata, each with ``read(top) -> VariantMetadata``."""
