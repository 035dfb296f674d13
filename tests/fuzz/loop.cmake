# Fuzz targets of the decoders in loop.
linkspan_fuzz(http_target_fuzz SOURCES http_target_fuzz.cpp LIBRARIES loop)
