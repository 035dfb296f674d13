# Fuzz targets of the decoders in base.
