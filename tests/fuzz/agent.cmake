# Fuzz targets of the decoders in agent.
linkspan_fuzz(agent_identity_fuzz SOURCES agent_identity_fuzz.cpp LIBRARIES agent)
linkspan_fuzz(agent_status_fuzz SOURCES agent_status_fuzz.cpp LIBRARIES agent)
linkspan_fuzz(agent_view_cache_fuzz SOURCES agent_view_cache_fuzz.cpp LIBRARIES agent)
