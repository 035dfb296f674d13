# Fuzz targets of the decoders in prover/pool.
linkspan_fuzz(stratum_fuzz SOURCES stratum_fuzz.cpp LIBRARIES prover_pool)
linkspan_fuzz(epoch_replay_fuzz SOURCES epoch_replay_fuzz.cpp LIBRARIES prover_pool)
