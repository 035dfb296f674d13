# Fuzz targets of the decoders in mirror.
