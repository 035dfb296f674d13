# Fuzz targets of the decoders in coordinator.
linkspan_fuzz(log_codec_fuzz SOURCES log_codec_fuzz.cpp LIBRARIES coordinator_store)
