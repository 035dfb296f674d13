# Fuzz targets of the decoders in model.
