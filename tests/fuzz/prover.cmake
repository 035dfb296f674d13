# Fuzz targets of the decoders in gpu and prover.
linkspan_fuzz(prover_bech32m_fuzz SOURCES prover_bech32m_fuzz.cpp LIBRARIES prover_puzzle)
linkspan_fuzz(prover_point_fuzz SOURCES prover_point_fuzz.cpp LIBRARIES gpu_curve)
linkspan_fuzz(prover_solution_fuzz SOURCES prover_solution_fuzz.cpp LIBRARIES prover_puzzle)
linkspan_fuzz(prover_solution_json_fuzz
  SOURCES prover_solution_json_fuzz.cpp LIBRARIES prover_puzzle)
linkspan_fuzz(prover_srs_fuzz SOURCES prover_srs_fuzz.cpp LIBRARIES prover_puzzle)
linkspan_fuzz(prover_claims_fuzz SOURCES prover_claims_fuzz.cpp LIBRARIES prover_command)
linkspan_fuzz(prover_coinbase_json_fuzz
  SOURCES prover_coinbase_json_fuzz.cpp LIBRARIES prover_command)
