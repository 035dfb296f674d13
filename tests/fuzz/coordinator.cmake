# Fuzz targets of the decoders in coordinator.
