# Fuzz targets of the decoders in base.
linkspan_fuzz(ip_fuzz SOURCES ip_fuzz.cpp LIBRARIES base)
linkspan_fuzz(encoding_fuzz SOURCES encoding_fuzz.cpp LIBRARIES base)
