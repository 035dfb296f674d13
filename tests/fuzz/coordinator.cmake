# Fuzz targets of the decoders in coordinator.
linkspan_fuzz(log_codec_fuzz SOURCES log_codec_fuzz.cpp LIBRARIES coordinator_store)
linkspan_fuzz(coordinator_record_fuzz
  SOURCES coordinator_record_fuzz.cpp LIBRARIES coordinator_domain)
linkspan_fuzz(coordinator_snapshot_fuzz
  SOURCES coordinator_snapshot_fuzz.cpp LIBRARIES coordinator_domain)
linkspan_fuzz(package_names_fuzz
  SOURCES package_names_fuzz.cpp LIBRARIES coordinator_server)
linkspan_fuzz(coordinator_bodies_fuzz
  SOURCES coordinator_bodies_fuzz.cpp LIBRARIES coordinator_server)
