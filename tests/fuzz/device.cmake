# Fuzz targets of the decoders in device.
